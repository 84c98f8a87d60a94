// Light or dark. Runs before the first paint: a saved choice beats the system's.
(() => {
  const { dataset } = document.documentElement;
  dataset.script = '';
  try { dataset.scheme = localStorage.scheme || ''; } catch { /* storage is off: follow the system */ }
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-scheme-toggle]')) return;
    const dark = dataset.scheme ? dataset.scheme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    dataset.scheme = dark ? 'light' : 'dark';
    try { localStorage.scheme = dataset.scheme; } catch { /* lasts for this page */ }
  });
})();
