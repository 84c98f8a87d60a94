// Between the HTML of a body and the document of the editor. What does not come back the same is kept as it was.
import { DOMParser as Parser, DOMSerializer } from '../../vendor/prosemirror/prosemirror.js';
import { schema } from './schema.js';

const parser = Parser.fromSchema(schema);
const serializer = DOMSerializer.fromSchema(schema);
const element = (html) => new DOMParser().parseFromString(html, 'text/html').body;
const plain = (html) => html.replace(/<(\/?)(b|i)>/g, (_, slash, tag) => `<${slash}${tag === 'b' ? 'strong' : 'em'}>`).replace(/\s+/g, ' ').replace(/> </g, '><').trim();

export function parse(html) {
  const body = element(html);
  for (const part of [...body.children]) {
    if (plain(write(parser.parse(alone(part)))) === plain(part.outerHTML)) continue;
    const kept = body.ownerDocument.createElement('x-kept');
    kept.dataset.html = part.outerHTML;
    part.replaceWith(kept);
  }
  return parser.parse(body);
}

function alone(part) {
  const body = element('');
  body.append(part.cloneNode(true));
  return body;
}

export function write(doc) {
  const body = element('');
  body.append(serializer.serializeFragment(doc.content, { document: body.ownerDocument }));
  tidy(body);
  return [...body.children].map((part) => (part.localName === 'x-kept' ? part.dataset.html : part.outerHTML)).join('\n');
}

// The forms that HTML has for what the editor's document holds as attributes.
function tidy(body) {
  const make = (name, text = '') => Object.assign(body.ownerDocument.createElement(name), { textContent: text });
  for (const figure of body.querySelectorAll('figure[data-credit]')) {
    const caption = figure.querySelector('figcaption');
    if (figure.dataset.credit) {
      const credit = make('span', figure.dataset.credit);
      credit.className = 'credit';
      if (caption.textContent && !/\s$/.test(caption.textContent)) caption.append(' ');
      caption.append(credit);
    }
    figure.removeAttribute('data-credit');
    if (!figure.dataset.picture) figure.remove();
  }
  for (const caption of body.querySelectorAll('figcaption')) {
    caption.removeAttribute('class');
    if (!caption.textContent.trim()) caption.remove();
  }
  for (const table of body.querySelectorAll('table')) {
    const [first] = table.rows;
    if (first && [...first.cells].every((cell) => cell.localName === 'th')) {
      for (const cell of first.cells) cell.scope = 'col';
      if (table.rows.length > 1) table.createTHead().append(first);
    }
    if (table.dataset.caption) table.prepend(make('caption', table.dataset.caption));
    table.removeAttribute('data-caption');
  }
  for (const box of body.querySelectorAll('li, td, th')) {
    const first = box.firstElementChild;
    const others = [...box.children].slice(1);
    if (first?.localName === 'p' && !first.attributes.length && !others.some((other) => other.localName === 'p')) first.replaceWith(...first.childNodes);
  }
  for (const part of body.querySelectorAll('p, h2, h3, h4')) if (!part.textContent.trim() && !part.closest('td, th, li')) part.remove();
}
