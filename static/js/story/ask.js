// A small dialog over the page: fields in, values out; nothing when it was left.
export function ask(title, fields, action = 'Insert') {
  const dialog = document.createElement('dialog');
  dialog.className = 'ask';
  const form = Object.assign(document.createElement('form'), { method: 'dialog', className: 'stack' });
  const heading = Object.assign(document.createElement('h2'), { textContent: title, id: 'ask-heading' });
  dialog.setAttribute('aria-labelledby', heading.id);
  form.append(heading);
  for (const field of fields) form.append(row(field));
  const buttons = Object.assign(document.createElement('div'), { className: 'row' });
  const leave = Object.assign(document.createElement('button'), { type: 'button', className: 'button button--quiet', textContent: 'Leave' });
  buttons.append(leave, Object.assign(document.createElement('button'), { className: 'button', textContent: action }));
  form.append(buttons);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    leave.addEventListener('click', () => dialog.close());
    let sent = false;
    form.addEventListener('submit', () => { sent = true; });
    dialog.addEventListener('close', () => {
      done(sent ? Object.fromEntries(fields.map(({ name, files }) => [name, files ? form.elements[name].files : form.elements[name].value.trim()])) : null);
      dialog.remove();
    });
  });
}

function row({ name, label, value = '', files, required, check, suggest }) {
  const box = Object.assign(document.createElement('div'), { className: 'field' });
  const input = Object.assign(document.createElement('input'), { className: 'input', id: `ask-${name}`, name, required: Boolean(required), autocomplete: 'off' });
  if (files) Object.assign(input, { type: 'file', accept: 'image/*' });
  else input.value = value;
  const hint = Object.assign(document.createElement('p'), { className: 'hint', id: `ask-${name}-hint` });
  hint.setAttribute('role', 'status');
  input.setAttribute('aria-describedby', hint.id);
  box.append(Object.assign(document.createElement('label'), { htmlFor: input.id, textContent: label }), input, hint);
  if (check) input.addEventListener('change', async () => { hint.textContent = await check(input.value.trim()); });
  if (suggest) choices(input, box, hint, suggest);
  return box;
}

// Buttons below the field, one for each thing found; a click puts its key into the field.
function choices(input, box, hint, suggest) {
  const list = Object.assign(document.createElement('div'), { className: 'choices' });
  box.append(list);
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    const found = await suggest(input.value.trim());
    if (turn !== asked) return;
    hint.textContent = found.length ? `${found.length} found` : 'Nothing found';
    list.replaceChildren(...found.map(({ key, label, src }) => {
      const choice = Object.assign(document.createElement('button'), { type: 'button', className: 'choice' });
      if (src) choice.append(Object.assign(document.createElement('img'), { src, alt: '', width: 120, height: 80 }));
      choice.append(label);
      choice.addEventListener('click', () => { input.value = key; asked++; input.closest('form').requestSubmit(); });
      return choice;
    }));
  };
  input.addEventListener('input', look);
  look();
}
