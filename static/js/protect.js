// Copying from an article, as the editors decided. Only copy and cut of its own text are answered; the keyboard,
// the context menu, selecting, find, print and form fields are never touched.
import { show } from './toast.js';

function refuse(event, selection, { dataset }) {
  event.preventDefault();
  show(dataset.protectMessage, true);
}

// What is copied, with the headline, a link and the notice below it, as text and as HTML.
function credit(event, selection, article) {
  const { address, protectCredit } = article.dataset;
  const [copied, line, link] = ['div', 'p', 'a'].map((name) => document.createElement(name));
  link.href = address;
  link.textContent = article.querySelector('h1').textContent;
  line.append(link, ' ', protectCredit);
  copied.append(selection.getRangeAt(0).cloneContents(), line);
  event.clipboardData.setData('text/plain', `${selection}\n\n${link.textContent}\n${link.href}\n${protectCredit}`);
  event.clipboardData.setData('text/html', copied.innerHTML);
  event.preventDefault();
}

// The strictest first: it holds for a selection that reaches over several articles.
const MODES = {
  message: refuse,
  limit: (event, selection, article) => `${selection}`.length > article.dataset.protectLimit && refuse(event, selection, article),
  credit,
};

function answer(event) {
  const selection = getSelection();
  if (selection.isCollapsed || event.target.closest?.('input, textarea, [contenteditable]')) return;
  const touched = [...document.querySelectorAll('[data-protect]')].filter((each) => selection.getRangeAt(0).intersectsNode(each));
  const mode = Object.keys(MODES).find((name) => touched.some(({ dataset }) => dataset.protect === name));
  if (mode) MODES[mode](event, selection, touched.find(({ dataset }) => dataset.protect === mode));
}

for (const type of ['copy', 'cut']) document.addEventListener(type, answer);
