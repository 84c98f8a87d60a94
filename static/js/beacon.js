// Says once that the article was on screen for a second.
const address = document.body.dataset.beacon;
const SEARCH = /(^|\.)(google|bing|duckduckgo|ecosia|qwant|yahoo|yandex|baidu|kagi)\./;
const SOCIAL = /(^|\.)(facebook|instagram|threads|twitter|x|t|linkedin|reddit|bsky|mastodon|tiktok|youtube)\.(com|co|net|app|social)$/;

function referrer() {
  if (!document.referrer) return 'direct';
  const { origin, hostname } = new URL(document.referrer);
  if (origin === location.origin) return 'internal';
  return SEARCH.test(hostname) ? 'search' : SOCIAL.test(hostname) ? 'social' : 'other';
}

// Resolves when the page has been visible for a second in total.
const seen = () => new Promise((resolve) => {
  let left = 1000, since = 0, timer;
  const turn = () => {
    clearTimeout(timer);
    if (since) left -= performance.now() - since;
    since = document.visibilityState === 'visible' ? performance.now() : 0;
    if (since) timer = setTimeout(() => resolve(document.removeEventListener('visibilitychange', turn)), left);
  };
  document.addEventListener('visibilitychange', turn);
  turn();
});

const post = (query) => fetch(address + query, { method: 'POST', keepalive: true }).catch(() => ({}));

// One retry, and only when the server says that it did not store the event.
async function send(navigation) {
  const query = `&n=${navigation}&r=${referrer()}&w=${+navigator.webdriver}`;
  const first = Date.now();
  if ((await post(query)).status !== 503) return;
  setTimeout(() => post(`${query}&d=${Math.min(29, Math.round((Date.now() - first) / 1000))}`), 2000 + Math.random() * 8000);
}

if (address) {
  const ahead = document.prerendering;
  if (ahead) await new Promise((resolve) => document.addEventListener('prerenderingchange', resolve, { once: true }));
  await seen();
  send(ahead ? 'prerender' : performance.getEntriesByType('navigation')[0].type);
  addEventListener('pageshow', (event) => event.persisted && seen().then(() => send('back_forward')));
}
