// data-countdown: how long it is until a <time>, as the page said when it came, told anew as it passes.
const UNITS = [[3600, 60, 'min', 1, 's'], [48 * 3600, 3600, 'h', 60, 'min'], [Infinity, 86400, 'days', 3600, 'h']];
const clocks = document.querySelectorAll('time[data-countdown]');

function until(seconds) {
  if (seconds <= 0) return 'now';
  const [, large, largeName, small, smallName] = UNITS.find(([most]) => seconds < most);
  const parts = [[Math.floor(seconds / large), largeName], [Math.floor(seconds % large / small), smallName]];
  return `in ${parts.filter(([count]) => count).map(([count, name]) => `${count} ${name}`).join(' ')}`;
}

function show() {
  for (const clock of clocks) {
    const said = until(Math.ceil((Date.parse(clock.dateTime) - Date.now()) / 1000));
    if (clock.textContent !== said) clock.textContent = said;
  }
}

if (clocks.length) setInterval(show, 1000);
