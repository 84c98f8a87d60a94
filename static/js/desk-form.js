// data-count: how long the text of a field is, beside its label; data-guard: a form that asks before what was typed is left.
for (const count of document.querySelectorAll('[data-count]')) {
  const input = count.closest('.field').querySelector('input, textarea');
  const show = () => { count.textContent = `${input.value.trim().length} of ${count.dataset.count}`; };
  input.addEventListener('input', show);
  show();
}

for (const form of document.querySelectorAll('form[data-guard]:not([data-unsaved])')) {
  const says = document.querySelector('[data-guard-says]');
  let dirty = document.querySelector('[role="alert"]') !== null;
  form.addEventListener('input', () => {
    dirty = true;
    if (says) says.textContent = 'Not saved yet';
  });
  form.addEventListener('submit', (event) => { if (event.submitter?.formTarget !== '_blank') dirty = false; }); // a preview saves nothing
  addEventListener('beforeunload', (event) => { if (dirty) event.preventDefault(); });
}
