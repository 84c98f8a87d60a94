// What the editors decided for who copies from this article. Each mode says whether it refused.
import { show } from './toast.js';

function refuse(event, { dataset }) {
  event.preventDefault();
  show(dataset.protectMessage, true);
  return true;
}

// What is copied, with the headline, a link and the notice below it, as text and as HTML whose addresses work elsewhere too.
function credit(event, article, selection) {
  const { protectCredit } = article.dataset;
  const [copied, line, link] = ['div', 'p', 'a'].map((name) => document.createElement(name));
  link.href = document.querySelector('[rel=canonical]').href;
  link.textContent = article.querySelector('h1').textContent;
  line.append(link, ' ', protectCredit);
  copied.append(selection.getRangeAt(0).cloneContents(), line);
  for (const name of ['href', 'src']) for (const each of copied.querySelectorAll(`[${name}]`)) each.setAttribute(name, each[name]);
  for (const each of copied.querySelectorAll('[srcset]')) each.removeAttribute('srcset');
  event.clipboardData.setData('text/plain', `${selection}\n\n${link.textContent}\n${link.href}\n${protectCredit}`);
  event.clipboardData.setData('text/html', copied.innerHTML);
  event.preventDefault();
  return false;
}

const MODES = {
  credit,
  limit: (event, article, selection, part) => `${part}`.trim().length > article.dataset.protectLimit && refuse(event, article),
  message: refuse,
};

export const answer = (event, article, ...more) => MODES[article.dataset.protect](event, article, ...more);
