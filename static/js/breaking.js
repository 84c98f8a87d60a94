// data-breaking: the line above the news can be hidden; it stays so in this tab until another line comes. It stands right behind the line, so that a hidden one is never seen.
(() => {
  const line = document.querySelector('[data-breaking]');
  const hide = line.querySelector('button');
  const hidden = 'breaking-hidden';
  let kept = '';
  try { kept = sessionStorage.getItem(hidden); } catch { /* a browser that keeps nothing shows it again */ }
  line.hidden = kept === line.dataset.breaking;
  hide.hidden = false;
  hide.addEventListener('click', () => {
    line.hidden = true;
    try { sessionStorage.setItem(hidden, line.dataset.breaking); } catch { /* as above */ }
    const main = document.querySelector('main');
    main.tabIndex = -1;
    main.focus();
  });
})();
