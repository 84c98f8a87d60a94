// What other programs put on the clipboard, as the parts that a story has. Styles are read for their meaning and dropped.
const COMMENTS = 'style, script, meta, link, title, xml, svg, form, button, nav, iframe, object, template, noscript, del, .msoDel, comment, a.sdcomment, .MsoCommentReference, .MsoCommentText, [data-style*="mso-element:comment"], [id^="_com_"], [href^="#_msocom"], .CommentStart, .CommentEnd';
const LISTED = 'p[class*="MsoListParagraph"], p[data-style*="mso-list"]';

// Returns {html, missing}: the pictures that could not come along, by name.
export function clean(html) {
  const body = new DOMParser().parseFromString(html.replace(/<style[\s>][^]*?<\/style>/gi, '').replace(/<[a-z][^>]*>/gi, inert), 'text/html').body;
  for (const dead of body.querySelectorAll(COMMENTS)) dead.remove();
  const notes = document.createNodeIterator(body, NodeFilter.SHOW_COMMENT);
  for (let note = notes.nextNode(); note; note = notes.nextNode()) note.remove();
  lists(body);
  headings(body);
  emphasis(body);
  links(body);
  const missing = pictures(body);
  headRows(body);
  for (const part of body.querySelectorAll('p, div, h1, h2, h3')) if (!part.textContent.trim() && !part.querySelector('img, table, hr')) part.remove();
  for (const wrapper of body.querySelectorAll('o\\:p, font, ins, span, b[data-style*="font-weight:normal"], center, section, article, main, header, footer, td p, th p')) unwrap(wrapper);
  for (const gap of body.querySelectorAll(':scope > br, div > br, li + br')) gap.remove();
  for (const part of body.querySelectorAll('*')) for (const { name } of [...part.attributes]) if (!['href', 'colspan', 'rowspan', 'start'].includes(name)) part.removeAttribute(name);
  spaces(body);
  return { html: body.innerHTML, missing };
}

// The policy of the page forbids styles and handlers, even in a document that nobody sees: they are read as text.
const inert = (tag) => tag.replace(/([\s"'/])(style|on[a-z]+)\s*=/gi, '$1data-$2=');
const unwrap = (node) => node.replaceWith(...node.childNodes);
const rename = (node, name) => {
  const fresh = node.ownerDocument.createElement(name);
  fresh.append(...node.childNodes);
  node.replaceWith(fresh);
  return fresh;
};

// Word writes lists as paragraphs with a level and a bullet typed in front of them.
function lists(body) {
  let open = [];
  let last = null;
  for (const part of [...body.querySelectorAll(LISTED)]) {
    const level = Number(/level(\d)/.exec(part.dataset.style)?.[1] ?? 1);
    const sign = part.querySelector('[data-style*="mso-list:Ignore"], [data-style*="mso-list: Ignore"]');
    const kind = /^\s*(\d+|[a-z]|[ivxlc]+)[.)]/i.test((sign ?? part).textContent) ? 'ol' : 'ul';
    sign?.remove();
    if (part.previousElementSibling !== last || !last) open = [];
    open.length = Math.min(open.length, level);
    while (open.length < level) {
      const list = body.ownerDocument.createElement(kind);
      const home = open.at(-1)?.lastElementChild;
      home ? home.append(list) : part.before(list);
      open.push(list);
    }
    const item = body.ownerDocument.createElement('li');
    item.append(...part.childNodes);
    open.at(-1).append(item);
    part.remove();
    last = open[0];
  }
  for (const wrapper of body.querySelectorAll('.ListContainerWrapper')) unwrap(wrapper);
  for (const list of body.querySelectorAll('ul + ul, ol + ol')) if (list.closest('body') && /BulletListStyle|NumberListStyle/.test(list.className)) { list.previousElementSibling.append(...list.children); list.remove(); }
}

// The first level of a text is a subhead here: the headline has a field of its own.
function headings(body) {
  for (const part of body.querySelectorAll('p.MsoTitle, [role="heading"]')) rename(part, part.getAttribute('aria-level') > 1 ? 'h2' : 'h1');
  const shift = body.querySelector('h1') ? 1 : 0;
  for (const part of [...body.querySelectorAll('h1, h2, h3, h4, h5, h6')]) rename(part, `h${Math.min(3, Math.max(2, Number(part.localName[1]) + shift))}`);
  for (const part of [...body.querySelectorAll('h2 b, h2 strong, h3 b, h3 strong')]) unwrap(part);
}

function emphasis(body) {
  for (const span of [...body.querySelectorAll('span[data-style], span.Apple-style-span')]) {
    const value = (name) => new RegExp(`(?:^|;)\\s*${name}\\s*:\\s*([\\w-]+)`, 'i').exec(span.dataset.style)?.[1] ?? '';
    const [fontWeight, fontStyle, verticalAlign] = ['font-weight', 'font-style', 'vertical-align'].map(value);
    const heading = span.closest('h2, h3');
    if (!heading && (Number(fontWeight) >= 600 || fontWeight === 'bold')) rename(wrapIn(span), 'strong');
    if (fontStyle === 'italic') rename(wrapIn(span), 'em');
    if (['super', 'sub'].includes(verticalAlign)) rename(wrapIn(span), verticalAlign === 'super' ? 'sup' : 'sub');
  }
}

function wrapIn(span) {
  const inner = span.ownerDocument.createElement('span');
  inner.append(...span.childNodes);
  span.append(inner);
  return inner;
}

function links(body) {
  for (const link of [...body.querySelectorAll('a')]) {
    const href = link.getAttribute('href') ?? '';
    const through = /^https?:\/\/www\.google\.com\/url\?(.*)/.exec(href);
    if (through) link.setAttribute('href', new URLSearchParams(through[1]).get('q') ?? '');
    if (!/^(https?:|mailto:|tel:|\/)/i.test(link.getAttribute('href') ?? '')) unwrap(link);
  }
}

function pictures(body) {
  return [...body.querySelectorAll('img, v\\:imagedata')].map((image) => {
    const name = image.getAttribute('alt') || (image.getAttribute('src') ?? '').split(/[/\\]/).pop().slice(0, 60) || 'a picture';
    image.remove();
    return name.startsWith('data:') || name.length > 80 ? 'a picture' : name;
  });
}

function headRows(body) {
  for (const table of body.querySelectorAll('table')) {
    const cells = [...(table.rows[0]?.cells ?? [])];
    const bold = (cell) => cell.textContent.trim() && [...cell.querySelectorAll('b, strong')].map((each) => each.textContent).join('').trim() === cell.textContent.trim();
    if (table.rows.length > 1 && cells.length && cells.every((cell) => cell.localName === 'td' && bold(cell))) {
      for (const cell of cells) { const text = cell.textContent; rename(cell, 'th').textContent = text.trim(); }
    }
  }
}

// A hard space stays where type needs one: before French punctuation and inside guillemets, and between figures.
function spaces(body) {
  const texts = document.createNodeIterator(body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.parentElement.closest('pre')) continue;
    text.data = text.data.replace(/[ \t\r\n]+/g, ' ').replace(/\u00a0/g, (space, at, all) => (/[\d«]/.test(all[at - 1] ?? '') || /[»:;!?%€]/.test(all[at + 1] ?? '') ? space : ' ')).replace(/ {2,}/g, ' ');
  }
}
