// data-suggest: names that exist already, offered for the one being typed between commas. data-related-field: stories by their headlines;
// with data-one only one, whose title it is.
import { ask } from './story/ask.js';

const fetched = async (address, words) => (await fetch(`${address}?${new URLSearchParams({ q: words })}`)).json();
let number = 0;

for (const input of document.querySelectorAll('[data-suggest]')) {
  const list = Object.assign(document.createElement('ul'), { className: 'suggestions', id: `suggestions-${++number}`, hidden: true });
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Names that exist');
  for (const [name, value] of [['role', 'combobox'], ['aria-autocomplete', 'list'], ['aria-controls', list.id], ['aria-expanded', 'false']]) input.setAttribute(name, value);
  input.after(list);
  let at = -1;
  let asked = 0;
  const close = () => { list.hidden = true; at = -1; input.setAttribute('aria-expanded', 'false'); input.removeAttribute('aria-activedescendant'); };
  const take = (option) => {
    input.value = `${input.value.replace(/[^,]*$/, '').trim()} ${option.textContent}`.trim();
    input.dispatchEvent(new Event('input', { bubbles: true }));
    asked++;
    close();
  };
  input.addEventListener('input', async () => {
    const turn = ++asked;
    const words = input.value.split(',').at(-1).trim();
    const found = words.length > 1 ? await fetched(input.dataset.suggest, words) : [];
    if (turn !== asked) return;
    list.replaceChildren(...found.map(({ label }, n) => {
      const option = Object.assign(document.createElement('li'), { textContent: label, id: `${list.id}-${n}` });
      option.setAttribute('role', 'option');
      option.addEventListener('mousedown', (event) => { event.preventDefault(); take(option); });
      return option;
    }));
    if (!found.length) return close();
    list.hidden = false;
    at = -1;
    input.setAttribute('aria-expanded', 'true');
  });
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    const options = [...list.children];
    if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && at >= 0) { event.preventDefault(); take(options[at]); }
    else if (['ArrowDown', 'ArrowUp'].includes(event.key)) {
      event.preventDefault();
      at = (at + (event.key === 'ArrowDown' ? 1 : -1) + options.length) % options.length;
      options.forEach((option, n) => option.setAttribute('aria-selected', String(n === at)));
      input.setAttribute('aria-activedescendant', options[at].id);
    }
  });
  input.addEventListener('blur', close);
}

for (const input of document.querySelectorAll('[data-related-field]')) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'button button--quiet button--small', textContent: 'Find a story…' });
  input.after(button);
  button.addEventListener('click', async () => {
    const suggest = async (words) => (await fetched(input.dataset.relatedField, words)).map((each) => ({ key: String(each.id), label: `${each.label} (${each.state})` }));
    const { one } = input.dataset;
    const got = await ask(one ?? 'Read next', [{ name: 'number', label: 'Words of its headline', required: true, suggest }], one ? 'Take' : 'Add');
    if (!/^\d+$/.test(got?.number ?? '')) return;
    input.value = one ? got.number : [input.value.trim(), got.number].filter(Boolean).join(', ');
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
}
