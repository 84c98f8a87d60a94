// data-cards: how the story looks in a search and as a shared link follows what is typed; data-card names the field, data-share-picture
// where the picture of its words is drawn.
for (const shown of document.querySelectorAll('[data-cards] [data-card]')) {
  const input = document.getElementById(shown.dataset.card);
  const most = shown.dataset.most || 300;
  input?.addEventListener('input', () => {
    const text = input.value.trim().replace(/\s+/g, ' ');
    shown.textContent = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  });
}

for (const image of document.querySelectorAll('[data-share-picture]')) {
  const inputs = ['headline', 'kicker', 'section'].map((name) => document.getElementById(name)).filter(Boolean);
  let waiting;
  const draw = () => { image.src = `${image.dataset.sharePicture}?${new URLSearchParams(inputs.map(({ id, value }) => [id, value]))}`; };
  for (const input of inputs) input.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(draw, 600); });
}
