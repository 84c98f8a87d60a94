// data-lead: the lead picture of a story. A file dropped or chosen goes into the library at once, or one is picked there; the
// form's own fields hold what was chosen, so that saving, previews and unsaved text know of it.
import { mount } from './desk-focus.js';
import { bring } from './story/bring.js';
import { pick } from './story/library.js';

const WORDS = ['alt', 'credit', 'focus_x', 'focus_y'];
const own = (address) => address.replace(/^\/media\//, '/desk/media/'); // as the desk shows it, of drafts too
const make = (name, more = {}) => Object.assign(document.createElement(name), more);

for (const pane of document.querySelectorAll('[data-lead]')) {
  const { form } = pane.querySelector('input');
  const fields = form.elements;
  const shown = pane.querySelector('[data-lead-shown]');
  const says = make('p', { className: 'hint' });
  const open = make('button', { type: 'button', className: 'button button--quiet', textContent: 'From the library…' });
  const back = make('button', { type: 'button', className: 'button button--plain', textContent: 'Not this one', hidden: !fields.picture_id.value });
  const row = make('div', { className: 'lead-tools' });
  const before = [...shown.childNodes];
  const first = Object.fromEntries([...WORDS, 'caption'].map((name) => [name, fields[name].value]));
  const set = (name, value) => { fields[name].value = value; fields[name].dispatchEvent(new Event('input', { bubbles: true })); };
  says.setAttribute('role', 'status');
  row.append(open, back, make('span', { className: 'hint', textContent: 'or drop a file anywhere on this field' }));
  shown.after(row, says);
  pane.querySelector('[data-lead-number]').hidden = true;

  const card = (src) => {
    const place = document.querySelector('.share-card');
    const image = make('img', { width: 480, height: 252, alt: fields.alt.value, src });
    place?.querySelector(':scope > img, :scope > .share-card__none')?.replaceWith(image);
  };

  const touched = new Set(); // by a person, since a file set out: that is about the new picture, and stays
  for (const name of WORDS) fields[name].addEventListener('input', (event) => { if (event.isTrusted) touched.add(name); });

  function place(picture, isNew) {
    const had = shown.childElementCount > 0;
    const typed = (name) => isNew && touched.has(name);
    const [width, source] = [Math.min(480, picture.width), own(picture.small)];
    const box = make('div', { className: 'focus' });
    box.append(make('img', { src: source, width, height: Math.round(width * picture.height / picture.width), alt: picture.alt || 'The picture that was just brought' }));
    if (!typed('alt') && (!isNew || picture.alt || had)) set('alt', picture.alt);
    for (const name of WORDS.slice(1)) if (!typed(name)) set(name, picture[name]);
    if (!fields.caption.value && picture.caption) set('caption', picture.caption);
    if (fields.remove_picture) fields.remove_picture.checked = false;
    set('picture_id', picture.id);
    shown.replaceChildren(box);
    mount(box, form);
    card(source);
    back.hidden = false;
    says.textContent = `No. ${picture.id} of the library is chosen. Save to keep it.`;
    if (!fields.alt.value) fields.alt.focus();
  }

  async function take(file) {
    if (!file) return;
    if (!file.type.startsWith('image/')) { says.textContent = `${file.name} is no picture.`; return; }
    says.textContent = `Bringing ${file.name}…`;
    touched.clear();
    const picture = await bring(pane.dataset.bring, form, file);
    if (picture.error) {
      says.textContent = picture.error;
      if (picture.refused) fields.picture.value = '';
      return;
    }
    fields.picture.value = ''; // it is there already; without an answer the file stays, and comes with the save
    place(picture, true);
  }

  open.addEventListener('click', async () => {
    const picture = await pick(pane.dataset.lead, own);
    if (picture) place(picture, false);
  });
  back.addEventListener('click', () => {
    for (const [name, value] of Object.entries(first)) set(name, value);
    set('picture_id', '');
    shown.replaceChildren(...before);
    back.hidden = true;
    says.textContent = 'As it was before.';
    open.focus();
  });
  fields.picture.addEventListener('change', () => take(fields.picture.files[0]));

  const brings = (event) => event.dataTransfer?.types.includes('Files');
  for (const name of ['dragenter', 'dragover']) {
    pane.addEventListener(name, (event) => { if (brings(event)) { event.preventDefault(); pane.classList.add('is-over'); } });
  }
  pane.addEventListener('dragleave', (event) => { if (!pane.contains(event.relatedTarget)) pane.classList.remove('is-over'); });
  pane.addEventListener('drop', (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    pane.classList.remove('is-over');
    const { files } = event.dataTransfer;
    if (files[0]?.type.startsWith('image/')) fields.picture.files = files; // so that it comes with a save that does not wait
    take(files[0]);
  });
}
