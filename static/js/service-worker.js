// Keeps the front page and the stories read last for when there is no network. While there is one, it answers, and nothing
// that is kept is shown. What a server says before this: RELEASE, the digest of the static files, and FILES, their addresses.
const PAGES = 'pages';
const STATIC = `static-${RELEASE}`;
const PICTURES = 'pictures';
const OFFLINE = '/offline';
const ALWAYS = ['/', OFFLINE];
const MOST = 20;
const MOST_PICTURES = 60;
// The desk, beacons and programs are never answered from here.
const OTHERS = /^\/(desk|ops|api|beacon|beacon\.gif)(\/|$)/;

addEventListener('install', (event) => event.waitUntil(prepare()));
addEventListener('activate', (event) => event.waitUntil(begin()));
addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin || OTHERS.test(pathname)) return;
  if (mode === 'navigate') event.respondWith(page(event, pathname));
  else if (pathname.startsWith('/static/')) event.respondWith(file(event.request, pathname));
  else if (pathname.startsWith('/media/')) event.respondWith(picture(event, pathname));
});

async function prepare() {
  await (await caches.open(STATIC)).addAll(FILES);
  await Promise.all(ALWAYS.map(async (path) => keep(path, await fetch(path))));
  await skipWaiting();
}

// The files of other releases go; a page that was open before is kept as if it were opened now.
async function begin() {
  for (const name of await caches.keys()) if (![PAGES, STATIC, PICTURES].includes(name)) await caches.delete(name);
  await clients.claim();
  for (const { url } of await clients.matchAll({ type: 'window' })) {
    const { pathname } = new URL(url);
    if (!OTHERS.test(pathname)) await fetch(url).then((answer) => keep(pathname, answer), () => {});
  }
}

async function page(event, path) {
  try {
    const answer = await fetch(event.request);
    event.waitUntil(keep(path, answer.clone()));
    return answer;
  } catch {
    const pages = await caches.open(PAGES);
    return await pages.match(path) ?? await pages.match(OFFLINE) ?? Response.error();
  }
}

// The front page and stories, without the address of their beacon: what is read offline is not told, then or later.
async function keep(path, answer) {
  const pages = await caches.open(PAGES);
  if (answer.status === 404 || answer.status === 410) return pages.delete(path);
  if (!answer.ok || answer.redirected || !answer.headers.get('Content-Type')?.startsWith('text/html')) return;
  const text = await answer.text();
  if (!ALWAYS.includes(path) && !text.includes(' data-beacon="')) return;
  const headers = new Headers(answer.headers);
  for (const name of ['Content-Encoding', 'Content-Length']) headers.delete(name);
  await pages.delete(path);
  await pages.put(path, new Response(text.replace(/ data-beacon="[^"]*"/g, ''), { headers }));
  const kept = (await pages.keys()).filter(({ url }) => !ALWAYS.includes(new URL(url).pathname));
  for (const old of kept.slice(0, -MOST)) await pages.delete(old);
}

// Static files never change under their address. A page of an older release is shown with those of this one.
async function file(request, path) {
  const files = await caches.open(STATIC);
  const kept = await files.match(request, { ignoreVary: true });
  return kept ?? fetch(request).catch(async () => await files.match(path.replace(/^\/static\/[^/]+/, `/static/${RELEASE}`), { ignoreVary: true }) ?? Response.error());
}

async function picture(event, path) {
  const pictures = await caches.open(PICTURES);
  const kept = await pictures.match(path);
  if (kept) return kept;
  const answer = await fetch(event.request);
  if (answer.ok) event.waitUntil(pictures.put(path, answer.clone()).then(async () => {
    for (const old of (await pictures.keys()).slice(0, -MOST_PICTURES)) await pictures.delete(old);
  }));
  return answer;
}
