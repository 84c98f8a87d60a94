// data-cards: how the story looks in a search and as a shared link follows what is typed; data-card names the field.
for (const shown of document.querySelectorAll('[data-cards] [data-card]')) {
  const input = document.getElementById(shown.dataset.card);
  const most = shown.dataset.most || 300;
  input?.addEventListener('input', () => {
    const text = input.value.trim().replace(/\s+/g, ' ');
    shown.textContent = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  });
}
