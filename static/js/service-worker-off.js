// Removes the service worker and all that it kept: browsers that have one fetch this in its place (OFFLINE_READING=0).
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  await registration.unregister();
})()));
