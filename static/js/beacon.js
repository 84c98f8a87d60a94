// Says once that the article was on screen for a second, and once, when it is left, how it was read.
const address = document.body.dataset.beacon;
const body = document.querySelector('[data-story-body]');
const SEARCH = /(^|\.)(google|bing|duckduckgo|ecosia|qwant|yahoo|yandex|baidu|kagi)\./;
const SOCIAL = /(^|\.)(facebook|instagram|threads|twitter|x|t|linkedin|reddit|bsky|mastodon|tiktok|youtube)\.(com|co|net|app|social)$/;
const STORY = /^\/(?!tag|author|most-viewed)[^/]+\/[^/]+$/;
// Somebody is there until 5 s after the last sign of them; that they arrived or came back is one too.
const IDLE = 5000;
const SIGNS = ['pointermove', 'pointerdown', 'touchmove', 'keydown', 'scroll', 'focus', 'blur', 'visibilitychange'];
const hidden = () => document.visibilityState !== 'visible';
let engaged, since, quarter, ended;

// Where the reader came from: its class, and the host of a site that has no class of its own.
function referrer() {
  if (!document.referrer) return 'direct';
  const { origin, hostname, pathname } = new URL(document.referrer);
  if (origin === location.origin) return STORY.test(pathname) ? 'article' : 'internal';
  if (SEARCH.test(hostname)) return 'search';
  return SOCIAL.test(hostname) ? 'social' : `other&f=${encodeURIComponent(hostname.slice(0, 253).toLowerCase())}`;
}

// Resolves when something happens in the way that is meant.
const next = (type, meant) => new Promise((resolve) => addEventListener(type, (event) => meant(event) && resolve(), true));

// Resolves when the page has been visible for a second without a break.
const seen = () => new Promise((resolve) => {
  let timer;
  const turn = () => {
    clearTimeout(timer);
    if (!hidden()) timer = setTimeout(resolve, 1000);
  };
  addEventListener('visibilitychange', turn, true);
  turn();
});

// Without a body, which the site would refuse; and it outlives the page.
const post = (query) => fetch(`${address}${query}&w=${+navigator.webdriver}`, { method: 'POST', keepalive: true }).catch(() => ({}));

// One retry, and only when the server says that it did not store the event.
async function pageview(navigation) {
  const query = `&n=${navigation}&r=${referrer()}`;
  const first = Date.now();
  const { status, headers } = await post(query);
  if (status !== 503) return;
  const wait = headers.get('Retry-After') * 1000 || 2000 + Math.random() * 8000;
  setTimeout(() => post(`${query}&d=${Math.min(29, Math.round((Date.now() - first) / 1000))}`), wait);
}

// No clock runs: each sign of somebody books the time since the one before, as far as that one lasts.
function note() {
  const now = performance.now();
  if (since) engaged += Math.min(now - since, IDLE);
  since = document.hasFocus() && !hidden() && now;
  const { top, bottom, height } = body.getBoundingClientRect();
  if (hidden() || top > innerHeight || bottom < 0) return;
  quarter = Math.max(quarter, Math.min(4, Math.ceil((innerHeight - top) / height * 4)));
  ended |= bottom <= innerHeight;
}

// A page that comes back as it was, out of the back/forward cache, is read anew. Who left before a
// second was over goes on with what was begun.
async function follow(navigation) {
  engaged = since = quarter = ended = 0;
  note();
  await seen();
  pageview(navigation);
  await Promise.race([next('visibilitychange', hidden), next('pagehide', () => true)]);
  note();
  post(`&k=engagement&s=${Math.min(3600, Math.round(engaged / 1000))}&q=${quarter}&e=${ended}`);
  await next('pageshow', (event) => event.persisted);
  follow('back_forward');
}

if (address) {
  const ahead = document.prerendering;
  if (ahead) await next('prerenderingchange', () => true);
  for (const sign of SIGNS) addEventListener(sign, note, { capture: true, passive: true });
  follow(ahead ? 'prerender' : performance.getEntriesByType('navigation')[0].type);
}
