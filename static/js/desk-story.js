// data-story-editor: the rich editor, loaded only where a story is written; without it the textarea takes the same HTML.
for (const root of document.querySelectorAll('[data-story-editor]')) import('./story/editor.js').then(({ mount }) => mount(root), () => {});

// data-slug-of: an address that follows the headline until somebody types another.
const slugOf = (text) => text.normalize('NFKD').replace(/(?<=[a-z])\p{M}+/giu, '').normalize('NFC').toLowerCase().replace(/['’]/g, '').replace(/[^\p{L}\p{M}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 80).replace(/-$/, '');
for (const field of document.querySelectorAll('[data-slug-of]')) {
  const source = field.form.elements[field.dataset.slugOf];
  let follows = !field.value || field.value === slugOf(source.value);
  source.addEventListener('input', () => { if (follows) field.value = slugOf(source.value); });
  field.addEventListener('input', () => { follows = !field.value; });
}
