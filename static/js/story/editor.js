// The editor over the form's textarea, which stays the form's value: each change is written into it and told as input.
import * as pm from '../../vendor/prosemirror/prosemirror.js';
import { asking } from './asking.js';
import { boxes } from './boxes.js';
import { parse, write } from './html.js';
import { lengthOf, said } from './length.js';
import { clean } from './paste.js';
import { schema } from './schema.js';
import { KEYS, TOOLS, toolbar } from './tools.js';

const { nodes } = schema;
const RULES = pm.inputRules({ rules: [
  pm.wrappingInputRule(/^[-*]\s$/, nodes.bullet_list), pm.wrappingInputRule(/^1\.\s$/, nodes.ordered_list),
  pm.textblockTypeInputRule(/^##\s$/, nodes.heading, { level: 2 }), pm.textblockTypeInputRule(/^###\s$/, nodes.heading, { level: 3 }),
] });

export function mount(root) {
  const area = root.querySelector('textarea');
  const label = root.querySelector(`label[for="${area.id}"]`);
  const says = (text) => { notice.textContent = text; };
  const notice = Object.assign(document.createElement('p'), { className: 'hint' });
  notice.setAttribute('role', 'status');
  label.id ||= `${area.id}-label`;
  let own = false;
  const without = (root.dataset.without ?? '').split(' '); // what this text has no use for
  const page = Object.assign(document.createElement('div'), { className: 'story-page' });

  const view = new pm.EditorView({ mount: page }, {
    state: state(area.value),
    nodeViews: boxes,
    attributes: { class: 'prose story-text', role: 'textbox', 'aria-multiline': 'true', 'aria-labelledby': label.id, spellcheck: 'true' },
    dispatchTransaction(tr) {
      view.updateState(view.state.apply(tr));
      tools.show(view.state);
      if (tr.docChanged) changed();
    },
    transformPastedHTML(html) {
      if (html.includes('data-pm-slice')) return html;
      const { html: kept, missing } = clean(html);
      if (missing.length) says(`${missing.length === 1 ? 'A picture' : `${missing.length} pictures`} did not come along: ${missing.join(', ')}. Drop the files here.`);
      return kept;
    },
    handlePaste: (_, event) => taken(event.clipboardData, event) || addressed(event),
    handleDrop: (_, event) => taken(event.dataTransfer, event),
  });
  const asks = asking(view, root, says);
  const tools = toolbar(view, act, without);

  function state(html) {
    const keys = Object.fromEntries(TOOLS.filter((tool) => tool.keys).map((tool) => [tool.keys, tool.run ?? (() => { act(tool); return true; })]));
    const doc = parse(html);
    const selection = pm.Selection.findFrom(doc.resolve(0), 1, true) ?? pm.Selection.atStart(doc); // in text: the first key would replace a selected figure
    return pm.EditorState.create({ doc, selection, plugins: [
      RULES, pm.keymap(keys), pm.keymap({ ...KEYS, 'Alt-F10': () => { tools.bar.querySelector('[tabindex="0"]').focus(); return true; } }),
      pm.keymap(pm.baseKeymap), pm.history(), pm.dropCursor(), pm.gapCursor(), pm.tableEditing(),
    ] });
  }

  function act(tool) {
    if (tool.ask) return asks[tool.ask]();
    tool.run(view.state, view.dispatch, view);
    return view.focus();
  }

  function changed() {
    area.value = write(view.state.doc);
    own = true;
    area.dispatchEvent(new Event('input', { bubbles: true }));
    own = false;
    measure();
  }

  // Files brought by hand or by clipboard; a word processor's picture of its own text is not one.
  function taken(data, event) {
    const files = [...(data?.files ?? [])].filter((file) => file.type.startsWith('image/'));
    if (!files.length || data.getData('text/html').length > 0 && !/^\s*(<meta[^>]*>)?\s*<img/.test(data.getData('text/html'))) return false;
    event.preventDefault();
    files.reduce((before, file) => before.then(() => asks.upload(file)).then((picture) => picture && asks.shown(picture)), Promise.resolve());
    return true;
  }

  function addressed(event) {
    const text = event.clipboardData.getData('text/plain').trim();
    const { empty, $from, from, to } = view.state.selection;
    if (!/^https?:\/\/\S+$/.test(text)) return false;
    if (!empty) return view.dispatch(view.state.tr.addMark(from, to, schema.marks.link.create({ href: text }))), true;
    if ($from.parent.content.size) return false;
    Promise.resolve(!without.includes('embed') && asks.embedded(text)).then((done) => done || view.dispatch(view.state.tr.replaceSelectionWith(schema.text(text, [schema.marks.link.create({ href: text })]), false)));
    return true;
  }

  let later;
  function measure() {
    clearTimeout(later);
    later = setTimeout(() => {
      const text = view.state.doc.textBetween(0, view.state.doc.content.size, ' ', ' ');
      root.querySelector('[data-story-length]').textContent = said(lengthOf(text, area.form.elements.language?.value));
    }, 400);
  }

  function speak() {
    const language = area.form.elements.language?.value ?? '';
    let way = 'auto';
    try { way = language ? (new Intl.Locale(language).getTextInfo?.() ?? new Intl.Locale(language).textInfo)?.direction ?? 'auto' : 'auto'; } catch { /* not a language yet */ }
    page.lang = language;
    page.dir = way;
  }

  const source = Object.assign(document.createElement('button'), { type: 'button', className: 'button button--plain button--small', textContent: 'As HTML' });
  source.setAttribute('aria-pressed', 'false');
  const hint = root.querySelector(`#${area.id}-hint`);
  const turn = (asHtml) => {
    source.setAttribute('aria-pressed', String(asHtml));
    for (const part of [page, tools.bar]) part.hidden = asHtml;
    for (const part of [area, hint]) part.hidden = !asHtml;
    if (!asHtml) view.updateState(state(area.value));
    tools.show(view.state);
  };
  source.addEventListener('click', () => turn(page.hidden === false));
  area.form.addEventListener('story:set', (event) => {
    if (typeof event.detail?.html === 'string') area.value = event.detail.html;
    if (!own) turn(area.hidden === false);
    measure();
  });
  label.addEventListener('click', () => page.hidden || view.focus());
  area.form.elements.language?.addEventListener('input', speak);
  area.after(tools.bar, page, notice);
  label.parentElement.append(source);
  speak();
  turn(false);
  measure();
}
