// The library as a dialog: search, look, pick. Answers the picture, or null when it was left.
const make = (name, more = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), more);
  element.append(...inside);
  return element;
};

export function pick(address, own) {
  const heading = make('h2', { id: 'library-heading', textContent: 'Pick a picture' });
  const leave = make('button', { type: 'button', className: 'button button--quiet button--small', textContent: 'Leave' });
  const words = make('input', { id: 'library-words', className: 'input', type: 'search', autocomplete: 'off', placeholder: 'Words of its description, caption, credit or licence' });
  const says = make('p', { className: 'hint' });
  const list = make('ul', { className: 'library__pictures' });
  const dialog = make('dialog', { className: 'ask library' }, make('div', { className: 'row' }, heading, leave),
    make('div', { className: 'field' }, make('label', { htmlFor: words.id, textContent: 'Find' }), words), says, list);
  dialog.setAttribute('aria-labelledby', heading.id);
  says.setAttribute('role', 'status');
  list.setAttribute('role', 'list');
  let asked = 0, picked = null;

  async function look() {
    const turn = ++asked;
    const found = await fetch(`${address}?${new URLSearchParams({ q: words.value.trim() })}`, { headers: { Accept: 'application/json' } })
      .then((answer) => answer.json()).catch(() => null);
    if (turn !== asked) return;
    says.textContent = !found ? 'The library did not answer. Try again.' : !found.length ? 'Nothing found.' : words.value.trim() ? `${found.length} found` : 'The newest; search for others.';
    list.replaceChildren(...(found ?? []).map((picture) => {
      const choice = make('button', { type: 'button', className: 'library__picture' },
        make('img', { src: own(picture.small), alt: '', width: 240, height: 160, loading: 'lazy' }),
        make('span', { textContent: picture.alt || `No description yet (${picture.name})` }),
        make('span', { className: 'hint', textContent: `No. ${picture.id}${picture.credit ? ` · ${picture.credit}` : ''}` }));
      choice.addEventListener('click', () => { picked = picture; dialog.close(); });
      return make('li', {}, choice);
    }));
  }

  words.addEventListener('input', look);
  words.addEventListener('keydown', (event) => { if (event.key === 'ArrowDown') { event.preventDefault(); list.querySelector('button')?.focus(); } });
  leave.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  words.focus();
  look();
  return new Promise((done) => {
    dialog.addEventListener('close', () => { dialog.remove(); done(picked); });
  });
}
