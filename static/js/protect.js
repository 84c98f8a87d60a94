// Copying from articles: the editors' policy answers it, if there is one, and that it was done is told; never what, nor how
// much. Form fields and code are nobody's business, nor are the keyboard, the context menu, selecting, find and print.
let policy;

// The policy must be here before somebody copies, for a clipboard waits for nothing.
const arm = async () => { if (document.querySelector('[data-protect]')) policy = (await import('./copy-policy.js')).answer; };

// The part of a selection that is the story's; undefined if that is nothing, or code.
function ours(range, article) {
  if (!range.intersectsNode(article)) return;
  const part = range.cloneRange();
  if (!article.contains(part.startContainer)) part.setStart(article, 0);
  if (!article.contains(part.endContainer)) part.setEnd(article, article.childNodes.length);
  const { commonAncestorContainer: around } = part;
  return `${part}`.trim() && !(around.closest ? around : around.parentElement).closest('pre, code') ? part : undefined;
}

document.addEventListener('copy', (event) => {
  const selection = getSelection();
  if (selection.isCollapsed || event.target.closest?.('input, textarea, [contenteditable]')) return;
  const parts = new Map();
  for (const body of document.querySelectorAll('[data-story-body]')) {
    const article = body.closest('article');
    const part = ours(selection.getRangeAt(0), article);
    if (part) parts.set(article, part);
  }
  const kind = policy?.(event, parts, selection) ? 'refused_copy' : 'copy';
  for (const { dataset: { beacon } } of parts.keys()) {
    if (beacon) fetch(`${beacon}&k=${kind}&w=${+navigator.webdriver}`, { method: 'POST', keepalive: true }).catch(() => {});
  }
});

await arm();
document.addEventListener('inview', arm);
