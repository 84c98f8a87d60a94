// The tools above the text: what each does, its keys, and when it counts as pressed.
import * as pm from '../../vendor/prosemirror/prosemirror.js';
import { schema } from './schema.js';

const { nodes, marks } = schema;
const apple = /Mac|iP(hone|ad)/.test(navigator.platform);

const marked = (type) => (state) => {
  const { from, to, empty, $from } = state.selection;
  return empty ? Boolean(type.isInSet(state.storedMarks || $from.marks())) : state.doc.rangeHasMark(from, to, type);
};
const inside = (type, attrs = {}) => ({ selection: { $from } }) => {
  for (let depth = $from.depth; depth > 0; depth--) if ($from.node(depth).hasMarkup?.(type, { ...$from.node(depth).attrs, ...attrs })) return true;
  return false;
};
const switched = (type, attrs) => (state, dispatch) => pm.setBlockType(inside(type, attrs)(state) ? nodes.paragraph : type, attrs)(state, dispatch);
const wrapped = (type) => (state, dispatch) => (inside(type)(state) ? pm.lift : pm.wrapIn(type))(state, dispatch);
const listed = (type) => (state, dispatch) => (inside(type)(state) ? pm.liftListItem(nodes.list_item) : pm.wrapInList(type))(state, dispatch);

export function put(node) {
  return (state, dispatch) => {
    const selected = state.selection instanceof pm.NodeSelection;
    if (dispatch) dispatch((selected ? state.tr.insert(state.selection.to, node) : state.tr.replaceSelectionWith(node)).scrollIntoView());
    return true;
  };
}

function quoted(kind) {
  return (state, dispatch) => {
    const { $from } = state.selection;
    const words = $from.parent.type === nodes.paragraph ? $from.parent.content : null;
    if (!words || $from.depth !== 1) return false;
    const quote = nodes.quote.create({ kind }, [nodes.blockquote.create(null, nodes.paragraph.create(null, words)), nodes.attribution.create()]);
    if (dispatch) dispatch(state.tr.replaceWith($from.before(), $from.after(), quote));
    return true;
  };
}

const table = () => {
  const row = (type) => nodes.table_row.create(null, [0, 1, 2].map(() => nodes[type].createAndFill()));
  return nodes.table.create(null, [row('table_header'), row('table_cell'), row('table_cell')]);
};
const tabled = (label, run) => ({ label, run, shown: pm.isInTable });

// {label, text, keys, run, pressed, shown}; `ask` names what story/asking.js does.
export const TOOLS = [
  { label: 'Bold', text: 'B', keys: 'Mod-b', run: pm.toggleMark(marks.strong), pressed: marked(marks.strong) },
  { label: 'Italic', text: 'I', keys: 'Mod-i', run: pm.toggleMark(marks.em), pressed: marked(marks.em) },
  { label: 'Link', keys: 'Mod-k', ask: 'link', pressed: marked(marks.link) },
  { label: 'Subhead', keys: 'Mod-Alt-2', run: switched(nodes.heading, { level: 2 }), pressed: inside(nodes.heading, { level: 2 }) },
  { label: 'Smaller subhead', keys: 'Mod-Alt-3', run: switched(nodes.heading, { level: 3 }), pressed: inside(nodes.heading, { level: 3 }) },
  { label: 'List', keys: 'Mod-Shift-8', run: listed(nodes.bullet_list), pressed: inside(nodes.bullet_list) },
  { label: 'Numbers', keys: 'Mod-Shift-7', run: listed(nodes.ordered_list), pressed: inside(nodes.ordered_list) },
  { label: 'Quote', keys: 'Mod-Shift-9', run: quoted('quote'), pressed: inside(nodes.quote, { kind: 'quote' }) },
  { label: 'Pull quote', run: quoted('pull-quote'), pressed: inside(nodes.quote, { kind: 'pull-quote' }) },
  { label: 'Picture', ask: 'picture' },
  { label: 'Table', run: (state, dispatch) => put(table())(state, dispatch) },
  { label: 'Embed', ask: 'embed' },
  { label: 'Related', ask: 'related' },
  { label: 'Fact box', run: wrapped(nodes.box), pressed: inside(nodes.box) },
  { label: 'Rule', run: put(nodes.rule.create()) },
  { label: 'Undo', keys: 'Mod-z', run: pm.undo },
  { label: 'Redo', keys: 'Mod-Shift-z', run: pm.redo },
  tabled('Row below', pm.addRowAfter), tabled('Column after', pm.addColumnAfter), tabled('Head row', pm.toggleHeaderRow),
  { label: 'Table caption', ask: 'caption', shown: pm.isInTable },
  tabled('Remove row', pm.deleteRow), tabled('Remove column', pm.deleteColumn), tabled('Remove table', pm.deleteTable),
];

export const KEYS = {
  'Shift-Enter': put(nodes.break.create()), 'Mod-Enter': pm.exitCode, Enter: pm.splitListItem(nodes.list_item),
  'Mod-]': pm.sinkListItem(nodes.list_item), 'Mod-[': pm.liftListItem(nodes.list_item),
  Tab: pm.goToNextCell(1), 'Shift-Tab': pm.goToNextCell(-1), 'Mod-y': pm.redo,
};

export const spelled = (keys) => keys.replace('Mod', apple ? '⌘' : 'Ctrl').replace('Alt', apple ? '⌥' : 'Alt').replaceAll('-', '+').replace(/\+([a-z])$/, (_, key) => `+${key.toUpperCase()}`);

// One stop of the Tab key; the arrow keys move inside.
export function toolbar(view, act, without = []) {
  const offered = TOOLS.filter((tool) => !without.includes(tool.ask));
  const bar = Object.assign(document.createElement('div'), { className: 'tools' });
  bar.setAttribute('role', 'toolbar');
  bar.setAttribute('aria-label', 'Formatting');
  const buttons = offered.map((tool) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: tool.text ?? tool.label, tabIndex: -1, title: tool.keys ? `${tool.label} (${spelled(tool.keys)})` : tool.label });
    button.setAttribute('aria-label', tool.label);
    if (tool.keys) button.setAttribute('aria-keyshortcuts', tool.keys.replace('Mod', apple ? 'Meta' : 'Control').replaceAll('-', '+'));
    button.addEventListener('mousedown', (event) => event.preventDefault());
    button.addEventListener('click', () => act(tool));
    bar.append(button);
    return button;
  });
  buttons[0].tabIndex = 0;
  bar.addEventListener('keydown', (event) => {
    const seen = buttons.filter((button) => !button.hidden);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] * (getComputedStyle(bar).direction === 'rtl' ? -1 : 1);
    const to = event.key === 'Home' ? 0 : event.key === 'End' ? seen.length - 1 : (seen.indexOf(document.activeElement) + step + seen.length) % seen.length;
    if (!Number.isInteger(to)) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = -1;
    seen[to].tabIndex = 0;
    seen[to].focus();
  });
  return { bar, show: (state) => offered.forEach((tool, n) => {
    if (tool.shown) buttons[n].hidden = !tool.shown(state);
    if (tool.pressed) buttons[n].setAttribute('aria-pressed', String(tool.pressed(state)));
  }) };
}
