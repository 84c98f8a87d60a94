// Copying from an article: the editors' policy answers it, if there is one, and that it was done is told; never what, nor how
// much. Form fields and code are nobody's business, nor are the keyboard, the context menu, selecting, find and print.
const article = document.querySelector('[data-story-body]')?.closest('article');
const { beacon } = document.body.dataset;
const policy = article?.dataset.protect && (await import('./copy-policy.js')).answer;

// The part of a selection that is the story's.
function ours(range) {
  const part = range.cloneRange();
  if (!article.contains(part.startContainer)) part.setStart(article, 0);
  if (!article.contains(part.endContainer)) part.setEnd(article, article.childNodes.length);
  return part;
}

function copied(event) {
  const selection = getSelection();
  if (selection.isCollapsed || event.target.closest?.('input, textarea, [contenteditable]')) return;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode(article)) return;
  const part = ours(range);
  const { commonAncestorContainer: around } = part;
  if (!`${part}`.trim() || (around.closest ? around : around.parentElement).closest('pre, code')) return;
  const kind = policy?.(event, article, selection, part) ? 'refused_copy' : 'copy';
  if (beacon) fetch(`${beacon}&k=${kind}&w=${+navigator.webdriver}`, { method: 'POST', keepalive: true }).catch(() => {});
}

if (article) document.addEventListener('copy', copied);
