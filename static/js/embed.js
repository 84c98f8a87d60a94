// data-embed-frame: a card whose button loads what it stands for. Until then nobody else is asked for anything.
document.addEventListener('click', ({ target }) => {
  const figure = target.closest('[data-embed-load]')?.closest('[data-embed-frame]');
  if (!figure) return;
  const frame = document.createElement('iframe');
  frame.src = figure.dataset.embedFrame;
  frame.title = figure.querySelector('.embed__title').textContent;
  frame.allow = 'fullscreen; encrypted-media; picture-in-picture';
  frame.sandbox = 'allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation allow-forms';
  figure.querySelector('.embed__card').replaceWith(frame);
  frame.focus();
});
