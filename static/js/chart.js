// data-chart: a chart of the table that it names, drawn by uPlot; without it the picture of columns that stands there stays.
// The table has a <time datetime> and a number (data-value) in each row, and is what a screen reader is given.
const { uPlot } = globalThis;

const rows = (table) => [...table.querySelectorAll('tr:has([data-value])')].map((row) => [
  Date.parse(row.querySelector('time').dateTime) / 1000, Number(row.querySelector('[data-value]').dataset.value),
]).sort((one, other) => one[0] - other[0]);

const columns = (table) => { const found = rows(table); return [found.map((row) => row[0]), found.map((row) => row[1])]; };

const meaning = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

// A custom property keeps light-dark(); the colour of an element that uses it is worked out.
const colour = (element, name) => {
  const probe = element.appendChild(document.createElement('i'));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

const options = (place, width) => {
  const font = `13px ${meaning(place, '--font-ui')}`;
  const axis = { stroke: colour(place, '--text-furniture'), font, grid: { stroke: colour(place, '--rule'), width: 1 }, ticks: { show: false } };
  const accent = colour(place, '--accent');
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: place.dataset.zone, hour: '2-digit', minute: '2-digit' });
  return {
    width, height: 220, padding: [12, 20, 0, 0],
    tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), place.dataset.zone),
    cursor: { y: false, points: { show: false } },
    legend: { live: true },
    scales: { x: { range: (chart, first, last) => [first, last + Number(place.dataset.step)] }, y: { range: (chart, low, high) => [0, Math.max(high, 4)] } },
    axes: [{ ...axis, grid: { show: false }, space: 70, values: (chart, stamps) => stamps.map((stamp) => clock.format(stamp * 1000)) }, { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6] }],
    series: [
      { label: 'From', value: (chart, stamp) => (stamp ? clock.format(stamp * 1000) : '–') },
      { label: 'Views', fill: accent, stroke: accent, width: 0, paths: uPlot.paths.bars({ size: [.8, 40], align: 1 }), points: { show: false } },
    ],
  };
};

for (const place of uPlot ? document.querySelectorAll('[data-chart]') : []) {
  let chart = null;
  const table = () => document.getElementById(place.dataset.chart);
  const draw = () => {
    chart?.destroy();
    place.querySelector('svg')?.remove();
    chart = new uPlot(options(place, place.clientWidth), columns(table()), place);
  };
  draw();
  new ResizeObserver(() => { if (chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height: 220 }); }).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  document.addEventListener('poll:placed', () => chart.setData(columns(table())));
}
