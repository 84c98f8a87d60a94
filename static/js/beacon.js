// Says of each article once that it was on screen for a second, and once, when the page is left, how it was read.
// It tells the page, too, which article is in view: the one that reaches over the middle of the screen.
const SEARCH = /(^|\.)(google|bing|duckduckgo|ecosia|qwant|yahoo|yandex|baidu|kagi)\./;
const SOCIAL = /(^|\.)(facebook|instagram|threads|twitter|x|t|linkedin|reddit|bsky|mastodon|tiktok|youtube)\.(com|co|net|app|social)$/;
const STORY = /^\/(?!tag|author|most-viewed)[^/]+\/[^/]+$/;
// Somebody is there until 5 s after the last sign of them; that they arrived or came back is one too.
const IDLE = 5000;
const SIGNS = ['pointermove', 'pointerdown', 'touchmove', 'keydown', 'scroll', 'resize', 'focus', 'blur', 'visibilitychange'];
const hidden = () => document.visibilityState !== 'visible';
// The articles of the page, in their order, each with how it is read; the first is the page's own.
const stories = [];
let inView, since;

// Where the reader came from: its class, and the host of a site that has no class of its own.
function referrer(story) {
  if (story !== stories[0]) return 'article';
  if (!document.referrer) return 'direct';
  const { origin, hostname, pathname } = new URL(document.referrer);
  if (origin === location.origin) return STORY.test(pathname) ? 'article' : 'internal';
  if (SEARCH.test(hostname)) return 'search';
  return SOCIAL.test(hostname) ? 'social' : `other&f=${encodeURIComponent(hostname.slice(0, 253).toLowerCase())}`;
}

// Resolves when something happens in the way that is meant.
const next = (type, meant) => new Promise((resolve) => addEventListener(type, (event) => meant(event) && resolve(), true));

// Whether it is on screen: the page is visible, and of an article below the first half of it is, or it fills half of the screen.
function there({ article }) {
  const { top, bottom, height } = article.getBoundingClientRect();
  const half = Math.min(height, innerHeight) / 2;
  return !hidden() && (article === stories[0].article || Math.min(bottom, innerHeight) - Math.max(top, 0) >= half);
}

// Resolves when it has been there for a second without a break.
const seen = (story) => new Promise((resolve) => {
  let timer;
  const turn = () => {
    if (!there(story)) timer = clearTimeout(timer);
    else timer ??= setTimeout(() => there(story) ? resolve() : turn(), 1000);
  };
  for (const type of ['visibilitychange', 'scroll', 'resize']) addEventListener(type, turn, true);
  turn();
});

// Without a body, which the site would refuse; and it outlives the page.
const post = ({ article }, query) => fetch(`${article.dataset.beacon}${query}&w=${+navigator.webdriver}`, { method: 'POST', keepalive: true }).catch(() => ({}));

// One retry, and only when the server says that it did not store the event.
async function pageview(story, navigation) {
  const query = `&n=${navigation}&r=${referrer(story)}`;
  const first = Date.now();
  const { status, headers } = await post(story, query);
  if (status !== 503) return;
  const wait = headers.get('Retry-After') * 1000 || 2000 + Math.random() * 8000;
  setTimeout(() => post(story, `${query}&d=${Math.min(29, Math.round((Date.now() - first) / 1000))}`), wait);
}

// No clock runs: each sign of somebody books the time since the one before, as far as that one lasts, to the article in view.
function note() {
  const now = performance.now();
  if (since) inView.engaged += Math.min(now - since, IDLE);
  since = document.hasFocus() && !hidden() && now;
  if (!hidden()) stories.forEach(look);
}

// How far it was on screen. What is folded away is not.
function look(story) {
  const { top, bottom } = story.article.getBoundingClientRect();
  const body = story.article.querySelector('[data-story-body]').getBoundingClientRect();
  const end = Math.min(innerHeight, bottom);
  if (top <= innerHeight / 2 && bottom > innerHeight / 2 && inView !== story) {
    inView = story;
    story.article.dispatchEvent(new Event('inview', { bubbles: true }));
  }
  if (body.top > end || body.bottom < 0) return;
  story.quarter = Math.max(story.quarter, Math.min(4, Math.ceil((end - body.top) / body.height * 4)));
  story.ended |= body.bottom <= end;
}

// A page that comes back as it was, out of the back/forward cache, is read anew. Who left before a
// second was over goes on with what was begun.
async function follow(story, navigation) {
  Object.assign(story, { engaged: 0, quarter: 0, ended: 0 });
  note();
  await seen(story);
  pageview(story, navigation);
  await Promise.race([next('visibilitychange', hidden), next('pagehide', () => true)]);
  note();
  post(story, `&k=engagement&s=${Math.min(3600, Math.round(story.engaged / 1000))}&q=${story.quarter}&e=${story.ended}`);
  await next('pageshow', (event) => event.persisted);
  since = 0;
  follow(story, 'back_forward');
}

// Follow an article that has come to stand below the others.
export function add(article, navigation = 'navigate') {
  const story = { article };
  stories.push(story);
  inView ??= story;
  follow(story, navigation);
}

const first = document.querySelector('[data-beacon]');
if (first) {
  const ahead = document.prerendering;
  if (ahead) await next('prerenderingchange', () => true);
  for (const sign of SIGNS) addEventListener(sign, note, { capture: true, passive: true });
  add(first, ahead ? 'prerender' : performance.getEntriesByType('navigation')[0].type);
}
