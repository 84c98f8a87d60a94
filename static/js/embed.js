// data-embed-frame: a card whose button loads what it stands for. Until then nobody else is asked for anything.
for (const figure of document.querySelectorAll('[data-embed-frame]')) {
  const button = figure.querySelector('[data-embed-load]');
  button.hidden = false;
  button.addEventListener('click', () => {
    const frame = document.createElement('iframe');
    frame.src = figure.dataset.embedFrame;
    frame.title = figure.querySelector('.embed__title').textContent;
    frame.allow = 'fullscreen; encrypted-media; picture-in-picture';
    frame.sandbox = 'allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation allow-forms';
    figure.querySelector('.embed__card').replaceWith(frame);
    frame.focus();
  });
}
