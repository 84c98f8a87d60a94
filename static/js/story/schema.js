// What a story's body may hold, and how each part reads and is written as HTML. news/sanitise.py is the gate behind it.
import { Schema, tableNodes } from '../../vendor/prosemirror/prosemirror.js';

const languages = { lang: { default: null }, dir: { default: null } };
const spoken = (dom) => ({ lang: dom.getAttribute('lang'), dir: dom.getAttribute('dir') });
const written = (node) => Object.fromEntries(Object.entries(node.attrs).filter(([name, value]) => ['lang', 'dir'].includes(name) && value));
const block = (tag, content, more = {}) => ({
  content, group: 'block', attrs: languages, parseDOM: [{ tag, getAttrs: spoken }], toDOM: (node) => [tag, written(node), 0], ...more,
});
const mark = (tag, ...others) => ({ parseDOM: [tag, ...others].map((each) => ({ tag: each })), toDOM: () => [tag, 0] });

const tables = tableNodes({ cellContent: '(paragraph | bullet_list | ordered_list)+', cellAttributes: {} });
tables.table.group = 'block';
tables.table.attrs = { caption: { default: '' } };
tables.table.parseDOM = [{ tag: 'table', getAttrs: (dom) => ({ caption: dom.caption?.textContent.trim() ?? '' }) }];
tables.table.toDOM = (node) => ['table', node.attrs.caption ? { 'data-caption': node.attrs.caption } : {}, ['tbody', 0]];

export function figureAttributes(dom) {
  const image = dom.querySelector('img');
  return {
    picture: dom.dataset.picture, size: dom.dataset.width ?? '', src: image.getAttribute('src'), alt: image.getAttribute('alt') ?? '',
    width: image.getAttribute('width'), height: image.getAttribute('height'), credit: dom.querySelector('.credit')?.textContent ?? '',
  };
}

function captionOf(dom) {
  const caption = dom.querySelector('figcaption')?.cloneNode(true) ?? document.createElement('figcaption');
  caption.querySelector('.credit')?.remove();
  return caption;
}

const nodes = {
  doc: { content: 'block+' },
  paragraph: block('p', 'inline*'),
  heading: {
    content: 'inline*', group: 'block', defining: true, attrs: { level: { default: 2 }, ...languages },
    parseDOM: [2, 3, 4].map((level) => ({ tag: `h${level}`, getAttrs: (dom) => ({ level, ...spoken(dom) }) })),
    toDOM: (node) => [`h${node.attrs.level}`, written(node), 0],
  },
  quote: {
    content: 'blockquote attribution', group: 'block', isolating: true, attrs: { kind: { default: 'quote' } },
    parseDOM: ['quote', 'pull-quote'].map((kind) => ({ tag: `figure.${kind}`, getAttrs: () => ({ kind }) })),
    toDOM: (node) => ['figure', { class: node.attrs.kind }, 0],
  },
  blockquote: block('blockquote', 'paragraph+', { defining: true }),
  attribution: { content: 'inline*', parseDOM: [{ tag: 'figcaption' }], toDOM: () => ['figcaption', { class: 'attribution' }, 0] },
  figure: {
    content: 'inline*', group: 'block', isolating: true, draggable: true,
    attrs: Object.fromEntries(['picture', 'size', 'src', 'alt', 'width', 'height', 'credit'].map((name) => [name, { default: '' }])),
    parseDOM: [{ tag: 'figure[data-picture]', getAttrs: (dom) => (dom.querySelector('img') ? figureAttributes(dom) : false), contentElement: captionOf }],
    toDOM: ({ attrs }) => ['figure', { 'data-picture': attrs.picture, ...(attrs.size && { 'data-width': attrs.size }), 'data-credit': attrs.credit },
      ['img', { src: attrs.src, alt: attrs.alt, ...(attrs.width && { width: attrs.width, height: attrs.height }) }], ['figcaption', 0]],
  },
  embed: {
    group: 'block', atom: true, draggable: true, attrs: { provider: {}, address: {}, title: { default: '' } },
    parseDOM: [{ tag: 'figure[data-embed]', getAttrs: (dom) => {
      const link = dom.querySelector('a');
      return link && !dom.querySelector('figcaption') && { provider: dom.dataset.embed, address: link.getAttribute('href'), title: link.textContent };
    } }],
    toDOM: ({ attrs }) => ['figure', { 'data-embed': attrs.provider }, ['a', { href: attrs.address, rel: 'noopener' }, attrs.title || attrs.address]],
  },
  related: {
    group: 'block', atom: true, draggable: true, attrs: { by: { default: 'article' }, key: {}, label: { default: '' } },
    parseDOM: ['article', 'related'].map((by) => ({ tag: `div[data-${by}]`, getAttrs: (dom) => ({ by, key: dom.dataset[by] }) })),
    toDOM: ({ attrs }) => ['div', { [`data-${attrs.by}`]: attrs.key }],
  },
  box: { content: 'block+', group: 'block', defining: true, parseDOM: [{ tag: 'aside.fact-box' }], toDOM: () => ['aside', { class: 'fact-box' }, 0] },
  rule: { group: 'block', parseDOM: [{ tag: 'hr' }], toDOM: () => ['hr'] },
  bullet_list: { content: 'list_item+', group: 'block', parseDOM: [{ tag: 'ul' }], toDOM: () => ['ul', 0] },
  ordered_list: {
    content: 'list_item+', group: 'block', attrs: { start: { default: null } },
    parseDOM: [{ tag: 'ol', getAttrs: (dom) => ({ start: dom.getAttribute('start') }) }],
    toDOM: (node) => ['ol', node.attrs.start ? { start: node.attrs.start } : {}, 0],
  },
  list_item: { content: 'paragraph (bullet_list | ordered_list | paragraph)*', defining: true, parseDOM: [{ tag: 'li' }], toDOM: () => ['li', 0] },
  // What this editor has no part for is kept as it is, whole, and can be changed as HTML.
  kept: { group: 'block', atom: true, attrs: { html: {} }, parseDOM: [{ tag: 'x-kept', getAttrs: (dom) => ({ html: dom.dataset.html }) }], toDOM: (node) => ['x-kept', { 'data-html': node.attrs.html }] },
  ...tables,
  text: { group: 'inline' },
  break: { inline: true, group: 'inline', selectable: false, parseDOM: [{ tag: 'br' }], toDOM: () => ['br'] },
};

export const schema = new Schema({
  nodes,
  marks: {
    link: {
      attrs: { href: {}, title: { default: null } }, inclusive: false,
      parseDOM: [{ tag: 'a[href]', getAttrs: (dom) => ({ href: dom.getAttribute('href'), title: dom.getAttribute('title') }) }],
      toDOM: ({ attrs }) => ['a', { href: attrs.href, ...(attrs.title && { title: attrs.title }), rel: 'noopener' }, 0],
    },
    strong: mark('strong', 'b'), em: mark('em', 'i'), strike: mark('s'), sup: mark('sup'), sub: mark('sub'), code: mark('code'),
    // Rarer inline elements stay what they are.
    inline: {
      attrs: { tag: {}, attributes: {} }, excludes: '',
      parseDOM: ['u', 'cite', 'q', 'mark', 'small', 'kbd', 'abbr', 'time', 'span[lang]', 'span[class]', 'span[dir]'].map((tag) => ({
        tag, getAttrs: (dom) => ({ tag: dom.localName, attributes: Object.fromEntries([...dom.attributes].map(({ name, value }) => [name, value])) }),
      })),
      toDOM: ({ attrs }) => [attrs.tag, attrs.attributes, 0],
    },
  },
});
