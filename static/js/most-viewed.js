// Most Viewed: the links of the time spans swap the list in place.
const box = document.querySelector('[data-most-viewed]');

box?.addEventListener('click', async (event) => {
  const link = event.target.closest('nav a');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(`${link.href}${link.search ? '&' : '?'}fragment=1`).catch(() => ({}));
  if (!answer.ok) return location.assign(link.href);
  const list = box.querySelector('[data-list]');
  list.innerHTML = await answer.text();
  for (const item of [...list.querySelectorAll('li')].slice(box.dataset.mostViewed)) item.remove();
  box.querySelector('[aria-current]').removeAttribute('aria-current');
  link.setAttribute('aria-current', 'true');
});
