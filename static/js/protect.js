// Copying from an article, as the editors decided. Only copy and cut of its own text are answered; the keyboard,
// the context menu, selecting, find, print and form fields are never touched.
import { show } from './toast.js';

const article = document.querySelector('[data-protect]');
const { protect, protectLimit, protectMessage, protectCredit } = article?.dataset ?? {};

function refuse(event) {
  event.preventDefault();
  show(protectMessage, true);
}

// What is copied, with the headline, a link and the notice below it, as text and as HTML.
function credit(event, selection) {
  const [copied, line, link] = ['div', 'p', 'a'].map((name) => document.createElement(name));
  link.href = document.querySelector('[rel=canonical]').href;
  link.textContent = article.querySelector('h1').textContent;
  line.append(link, ' ', protectCredit);
  copied.append(selection.getRangeAt(0).cloneContents(), line);
  event.clipboardData.setData('text/plain', `${selection}\n\n${link.textContent}\n${link.href}\n${protectCredit}`);
  event.clipboardData.setData('text/html', copied.innerHTML);
  event.preventDefault();
}

const MODES = {
  credit,
  limit: (event, selection) => `${selection}`.length > protectLimit && refuse(event),
  message: refuse,
};

function answer(event) {
  const selection = getSelection();
  if (selection.isCollapsed || event.target.closest?.('input, textarea, [contenteditable]')) return;
  if (selection.getRangeAt(0).intersectsNode(article)) MODES[protect](event, selection);
}

if (article) for (const type of ['copy', 'cut']) document.addEventListener(type, answer);
