// data-poll: keeps a part of the page fresh. The next asking comes after the last reply; none while the page is hidden.
// A part that holds data-done is finished.
for (const part of document.querySelectorAll('[data-poll]')) {
  const pause = 1000 * (part.dataset.pollSeconds || 2);
  const clock = document.querySelector('[data-poll-time]');
  let tag = '';

  const say = (at, silent) => {
    if (!clock) return;
    clock.textContent = at.toLocaleTimeString('en-GB', { timeZone: clock.dataset.zone }) + (silent ? ' (no answer since)' : '');
    if (!silent) clock.dateTime = at.toISOString();
  };
  const place = (html) => {
    const scrolled = [...part.querySelectorAll('.sheet')].map((sheet) => sheet.scrollLeft);
    const focused = part.contains(document.activeElement) && document.activeElement.getAttribute('aria-labelledby');
    part.innerHTML = html;
    part.querySelectorAll('.sheet').forEach((sheet, place) => { sheet.scrollLeft = scrolled[place] || 0; });
    part.dispatchEvent(new Event('poll:placed', { bubbles: true }));
    if (focused) part.querySelector(`.sheet[aria-labelledby="${focused}"]`)?.focus({ preventScroll: true });
  };
  const ask = async () => {
    try {
      const answer = await fetch(part.dataset.poll, { headers: tag ? { 'If-None-Match': tag } : {}, redirect: 'error' });
      if (answer.ok) { tag = answer.headers.get('ETag'); place(await answer.text()); }
      say(answer.ok || answer.status === 304 ? new Date() : new Date(clock?.dateTime), !answer.ok && answer.status !== 304);
    } catch {
      if (clock) say(new Date(clock.dateTime), true);
    }
    next();
  };
  const next = () => {
    if (part.querySelector('[data-done]')) return;
    if (document.hidden) document.addEventListener('visibilitychange', ask, { once: true });
    else setTimeout(ask, pause);
  };
  next();
}
