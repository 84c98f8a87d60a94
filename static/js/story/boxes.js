// How figures, embeds, related stories and kept HTML look in the editor, with the fields that belong to them.
const make = (name, more = {}) => Object.assign(document.createElement(name), more);

function card(kind, title) {
  const dom = make('div', { className: 'box', contentEditable: 'false' });
  dom.append(make('p', { className: 'hint', textContent: kind }), make('p', { textContent: title }));
  return { dom };
}

export const boxes = {
  figure: (node, view, place) => new Figure(node, view, place),
  embed: (node) => card(`Embed: ${node.attrs.provider}`, node.attrs.title || node.attrs.address),
  related: (node) => card('Related story', node.attrs.label || `${node.attrs.by === 'article' ? 'No. ' : ''}${node.attrs.key}`),
  kept: (node) => card('Kept as HTML', new DOMParser().parseFromString(node.attrs.html, 'text/html').body.textContent.trim().slice(0, 200)),
};

class Figure {
  constructor(node, view, place) {
    Object.assign(this, { node, view, place });
    this.dom = make('figure', { className: 'box' });
    this.image = make('img', { draggable: false });
    this.contentDOM = make('figcaption');
    this.fields = make('div', { className: 'pair', contentEditable: 'false' });
    this.alt = this.field('Description', 'alt', 'input');
    this.credit = this.field('Credit', 'credit', 'input');
    this.size = this.field('Width', 'size', 'select');
    for (const [value, text] of [['', 'As the text'], ['wide', 'Wide'], ['small', 'Small']]) this.size.append(make('option', { value, textContent: text }));
    this.dom.append(this.image, this.contentDOM, this.fields);
    this.show();
  }

  field(label, name, kind) {
    const input = make(kind, { className: 'input' });
    const box = make('label', { className: 'field' });
    box.append(label, input);
    input.addEventListener('change', () => this.view.dispatch(this.view.state.tr.setNodeAttribute(this.place(), name, input.value.trim())));
    this.fields.append(box);
    return input;
  }

  show() {
    const { src, alt, credit, size } = this.node.attrs;
    this.image.src = src.replace(/^\/media\//, '/desk/media/');
    Object.assign(this.image, { alt });
    this.alt.value = alt;
    this.credit.value = credit;
    this.size.value = size;
    this.alt.setAttribute('aria-invalid', String(!alt));
    this.alt.placeholder = 'What readers who cannot see it would miss';
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.show();
    return true;
  }

  stopEvent(event) { return this.fields.contains(event.target); }

  ignoreMutation(change) { return !this.contentDOM.contains(change.target); }
}
