// data-bulk: one tick for all of the page, and how many are ticked.
for (const form of document.querySelectorAll('form[data-bulk]')) {
  const ticks = [...form.elements].filter((field) => field.name === 'article');
  const all = form.querySelector('[data-bulk-all]');
  const whole = all.querySelector('input');
  const says = all.querySelector('[data-bulk-says]');
  const show = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    whole.checked = ticked === ticks.length;
    whole.indeterminate = ticked > 0 && !whole.checked;
    says.textContent = ticked ? `${ticked} ticked` : 'Tick all on this page';
  };
  whole.addEventListener('change', () => { for (const tick of ticks) tick.checked = whole.checked; show(); });
  for (const tick of ticks) tick.addEventListener('change', show);
  all.hidden = false;
  show();
}
