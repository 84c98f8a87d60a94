// Stories that have what is typed so far, under the field.
const input = document.querySelector('[data-suggestions]');
const list = Object.assign(document.createElement('ul'), { className: 'suggested', id: 'suggested', hidden: true });
let at = -1;
let turn = 0;
let wait;

for (const [name, value] of [['role', 'listbox'], ['aria-label', input.dataset.suggested]]) list.setAttribute(name, value);
for (const [name, value] of [['role', 'combobox'], ['aria-autocomplete', 'list'], ['aria-controls', list.id], ['aria-expanded', 'false']]) input.setAttribute(name, value);
input.after(list);

const show = (open) => {
  list.hidden = !open;
  at = -1;
  input.setAttribute('aria-expanded', String(open));
  input.removeAttribute('aria-activedescendant');
};

const suggest = async (words, mine) => {
  const answer = words.length > 1 && await fetch(`${input.dataset.suggestions}?${new URLSearchParams({ q: words })}`).catch(() => null);
  const stories = answer?.ok ? await answer.json() : [];
  if (mine !== turn) return;
  list.replaceChildren(...stories.map(({ headline, section, path }, n) => {
    const option = Object.assign(document.createElement('li'), { id: `suggested-${n}`, textContent: headline });
    option.setAttribute('role', 'option');
    option.append(Object.assign(document.createElement('small'), { textContent: section }));
    option.dataset.path = path;
    return option;
  }));
  show(stories.length > 0);
};

input.addEventListener('input', () => {
  clearTimeout(wait);
  const mine = ++turn;
  wait = setTimeout(() => suggest(input.value.trim(), mine), 120);
});
input.addEventListener('keydown', (event) => {
  if (list.hidden) return;
  const options = [...list.children];
  if (event.key === 'Escape') { event.preventDefault(); show(false); }
  else if (event.key === 'Enter' && at >= 0) { event.preventDefault(); location.assign(options[at].dataset.path); }
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    at = (at + (event.key === 'ArrowDown' ? 1 : at < 0 ? 0 : -1) + options.length) % options.length;
    options.forEach((option, n) => option.setAttribute('aria-selected', String(n === at)));
    input.setAttribute('aria-activedescendant', options[at].id);
  }
});
list.addEventListener('mousedown', (event) => { event.preventDefault(); });
list.addEventListener('click', (event) => { location.assign(event.target.closest('li').dataset.path); });
input.addEventListener('blur', () => { turn++; show(false); });
