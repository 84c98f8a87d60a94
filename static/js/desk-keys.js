// data-key: the keys of a link, button or field of the page; data-key-rows: a list to walk through. The sheet of keys is read from
// the same attributes, so that it says what works. Keys without Ctrl or Cmd can be switched off in it, for who speaks to the computer.
const apple = /Mac|iP(hone|ad)/.test(navigator.platform);
const KEPT = 'desk-keys';
const SOON = 1500; // ms in which the second key of two has to come
const TYPED = 'textarea, select, [contenteditable]:not([contenteditable="false"]), input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"])';
const NAMES = { Mod: apple ? '⌘' : 'Ctrl', Control: 'Ctrl', Meta: '⌘', Shift: apple ? '⇧' : 'Shift', Alt: apple ? '⌥' : 'Alt', ArrowDown: '↓', ArrowUp: '↑' };
// What keys do in a list: [keys, where they work, words, deed].
const MOVES = [
  ['j', 'page', 'Next', (rows, at) => step(rows, at + 1)],
  ['k', 'page', 'Previous', (rows, at) => step(rows, at - 1)],
  ['ArrowDown', 'row', 'Next', (rows, at) => step(rows, at + 1)],
  ['ArrowUp', 'row', 'Previous', (rows, at) => step(rows, at - 1)],
  ['Enter', 'link', 'Open', null], // the link does it by itself
  ['x', 'row', 'Tick, or take the tick away', (rows, at) => rows[at].querySelector('input[type="checkbox"]')?.click()],
];

const list = document.querySelector('[data-key-rows]');
const rowsOf = () => [...list.querySelectorAll(list.dataset.keyRows)];
function step(rows, to) {
  rows[Math.max(0, Math.min(rows.length - 1, to))]?.querySelector('a').focus();
}

const waysOf = (element) => element.dataset.key.split('|'); // each way is one key, or keys one after the other
const seen = (element) => element.getClientRects().length > 0 && !element.disabled;
const bound = () => [...document.querySelectorAll('[data-key]')].filter(seen);
const isSingle = (way) => !way.startsWith('Mod+');
const isOn = () => { try { return localStorage.getItem(KEPT) !== 'off'; } catch { return true; } };
const wordsOf = (element) => (element.dataset.keySays || element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent).trim().replace(/\s+/g, ' ');

function pressed(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!event.ctrlKey && !event.metaKey) return key;
  return event.altKey || event.ctrlKey && event.metaKey || (apple ? event.ctrlKey : event.metaKey) ? '' : `Mod+${event.shiftKey ? 'Shift+' : ''}${key}`;
}

function act(element) {
  if (element.matches(TYPED)) { element.focus(); element.select?.(); } else element.click();
}

let before = '', timer = 0;
const forget = () => { clearTimeout(timer); before = ''; };

function walk(event, key) {
  if (!list) return false;
  const rows = rowsOf();
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const move = MOVES.find(([its, where, , deed]) => its === key && deed && (where === 'page' || at >= 0));
  if (!move) return false;
  event.preventDefault();
  move[3](rows, at);
  return true;
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
  const key = pressed(event);
  const single = isSingle(key);
  if (!key || ['Shift', 'Control', 'Alt', 'Meta', 'CapsLock'].includes(key)) return;
  if (single && (event.altKey || !isOn() || event.target.closest?.(TYPED))) return forget();
  const way = single && before ? `${before} ${key}` : key;
  forget();
  if (way === key && walk(event, key)) return;
  const found = bound();
  const element = found.find((each) => waysOf(each).includes(way));
  if (element && !event.repeat) {
    event.preventDefault();
    act(element);
  } else if (found.some((each) => waysOf(each).some((its) => its.startsWith(`${way} `)))) {
    before = way;
    timer = setTimeout(forget, SOON);
  }
});

// What the page offers, by groups: [name, [[ways, words]]]. Tools of the editor say their keys themselves.
function groups() {
  const found = new Map();
  const add = (group, ways, words) => { found.set(group, [...(found.get(group) ?? []), [ways, words]]); };
  if (list) for (const words of new Set(MOVES.map(([, , each]) => each))) if (!words.startsWith('Tick') || list.querySelector('input')) add('In the list', MOVES.filter((move) => move[2] === words).map(([key]) => key), words);
  const taken = new Set();
  for (const element of bound()) {
    const ways = waysOf(element).filter((way) => !taken.has(way));
    if (ways.length) add(element.closest('[data-key-group]')?.dataset.keyGroup ?? 'On this page', ways, wordsOf(element));
    for (const way of ways) taken.add(way);
  }
  for (const tool of document.querySelectorAll('.tools [aria-keyshortcuts]')) if (seen(tool)) add('In the text', [tool.getAttribute('aria-keyshortcuts')], tool.getAttribute('aria-label'));
  return [...found].sort(([one], [other]) => (one === 'Go to') - (other === 'Go to'));
}

const make = (name, more = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), more);
  element.append(...inside);
  return element;
};
const cap = (key) => make('kbd', { textContent: NAMES[key] ?? (key.length === 1 && key !== key.toUpperCase() ? key.toUpperCase() : key) });
const spelled = (way) => way.split(' ').flatMap((keys, n) => [...(n ? [' then '] : []), ...keys.split('+').flatMap((key, m) => [...(m ? ['+'] : []), cap(key)])]);

function sheet() {
  const heading = make('h2', { id: 'keys-heading', textContent: 'Keyboard' });
  const dialog = make('dialog', { className: 'ask keys' });
  const close = make('button', { type: 'button', className: 'button button--quiet button--small', textContent: 'Close' });
  const on = make('input', { type: 'checkbox', id: 'keys-on', checked: isOn() });
  on.setAttribute('aria-describedby', 'keys-hint');
  const parts = groups().map(([name, lines]) => make('section', {}, make('h3', { textContent: name }), make('dl', {}, ...lines.map(([ways, words]) => make('div', {},
    make('dt', { textContent: words }), make('dd', {}, ...ways.flatMap((way, n) => [...(n ? [' or '] : []), ...spelled(way)])))))));
  const all = make('div', { className: 'keys__groups', tabIndex: 0 }, ...parts); // scrolls by the arrow keys
  all.setAttribute('role', 'region');
  all.setAttribute('aria-label', 'All keys of this page');
  dialog.setAttribute('aria-labelledby', heading.id);
  dialog.append(make('div', { className: 'row' }, heading, close),
    make('p', { className: 'tick' }, on, make('label', { htmlFor: on.id, textContent: 'Keys without Ctrl or Cmd work' })),
    make('p', { className: 'hint', id: 'keys-hint', textContent: 'Never while you type. Switch them off if you speak to your computer or press keys by accident; this browser remembers it.' }),
    all);
  on.addEventListener('change', () => { try { localStorage.setItem(KEPT, on.checked ? 'on' : 'off'); } catch { /* nothing is kept */ } announce(); });
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// What can be told of an element is told to screen readers as well; two keys one after the other cannot.
function announce() {
  for (const element of document.querySelectorAll('[data-key]')) {
    const ways = waysOf(element).filter((way) => !way.includes(' ') && (!isSingle(way) || isOn()));
    if (ways.length) element.setAttribute('aria-keyshortcuts', ways.map((way) => way.replace('Mod', apple ? 'Meta' : 'Control')).join(' '));
    else element.removeAttribute('aria-keyshortcuts');
  }
}

for (const button of document.querySelectorAll('[data-keys]')) {
  button.addEventListener('click', sheet);
  button.hidden = false;
}
announce();
