// data-next: at the end of an article the next one of its section is fetched and stands folded below it, at most three times.
// The address, the title and the canonical link are those of the article in view.
import { add } from './beacon.js';

const MOST = 3;
const first = document.querySelector('[data-beacon]');
const opened = location.href;
let fetched = 0;

// Half a screen before a reader comes to the link. One that cannot be fetched stays a link; one that leads nowhere goes.
const near = new IntersectionObserver((entries) => {
  const { target } = entries.find((entry) => entry.isIntersecting) ?? {};
  if (target) near.unobserve(target), bring(target);
}, { rootMargin: '0px 0px 50%' });

function offer() {
  const link = document.querySelector('[data-next]');
  if (link && fetched < MOST && !navigator.connection?.saveData) near.observe(link);
}

async function bring(link) {
  const answer = await fetch(`${link.querySelector('a').href}?fragment=1`).catch(() => ({}));
  if (answer.status === 404 || answer.status === 410) return link.remove();
  const part = document.createElement('template');
  part.innerHTML = answer.ok ? await answer.text().catch(() => '') : '';
  const article = part.content.querySelector('[data-folded] article');
  if (!article) return;
  article.querySelector('.prose-indent').inert = true;
  if (article.querySelector('[data-embed-frame]')) import('./embed.js');
  fetched += 1;
  link.replaceWith(part.content);
  add(article);
  offer();
}

// Continue Reading: what was folded away is there already, and the keyboard goes on in it.
document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-unfold]');
  if (!button) return;
  const story = button.closest('[data-folded]');
  const rest = story.querySelector('.prose-indent');
  delete story.dataset.folded;
  rest.inert = false;
  rest.tabIndex = -1;
  rest.focus({ preventScroll: true });
  button.parentElement.remove();
});

// No entry of the history is made, so that Back leaves. A reload opens the article in view, at its beginning.
document.addEventListener('inview', ({ target }) => {
  const { address, title } = target.dataset;
  document.title = title;
  document.querySelector('[rel=canonical]').href = address;
  history.scrollRestoration = target === first ? 'auto' : 'manual';
  history.replaceState(history.state, '', target === first ? opened : new URL(address).pathname);
});

if (first) offer();
