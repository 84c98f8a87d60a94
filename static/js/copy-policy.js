// What the editors decided for who copies from an article. Each mode says whether it refused.
import { show } from './toast.js';

function refuse(event, { dataset }) {
  event.preventDefault();
  show(dataset.protectMessage, true);
  return true;
}

// What is copied, with the headline, a link and the notice below it, as text and as HTML whose addresses work elsewhere too.
function credit(event, article, part, selection) {
  const { address, protectCredit } = article.dataset;
  const [copied, line, link] = ['div', 'p', 'a'].map((name) => document.createElement(name));
  link.href = address;
  link.textContent = article.querySelector('h1').textContent;
  line.append(link, ' ', protectCredit);
  copied.append(selection.getRangeAt(0).cloneContents(), line);
  for (const name of ['href', 'src']) for (const each of copied.querySelectorAll(`[${name}]`)) each.setAttribute(name, each[name]);
  for (const each of copied.querySelectorAll('source')) each.remove();
  for (const each of copied.querySelectorAll('[srcset]')) each.removeAttribute('srcset');
  event.clipboardData.setData('text/plain', `${selection}\n\n${link.textContent}\n${link.href}\n${protectCredit}`);
  event.clipboardData.setData('text/html', copied.innerHTML);
  event.preventDefault();
  return false;
}

// The strictest first: it holds for a selection that reaches over several articles.
const MODES = {
  message: refuse,
  limit: (event, article, part) => `${part}`.trim().length > article.dataset.protectLimit && refuse(event, article),
  credit,
};

// `parts`: of the selection, by article.
export function answer(event, parts, selection) {
  for (const [name, mode] of Object.entries(MODES)) {
    const article = [...parts.keys()].find(({ dataset }) => dataset.protect === name);
    if (article) return mode(event, article, parts.get(article), selection);
  }
}
