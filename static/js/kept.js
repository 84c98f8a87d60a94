// data-kept: lists the pages that this device keeps, those read last first.
const section = document.querySelector('[data-kept]');
const pages = await caches.open('pages');
const paths = (await pages.keys()).map(({ url }) => new URL(url).pathname).filter((path) => path !== '/offline' && path !== '/');

section.querySelector('ul').append(...await Promise.all(paths.reverse().map(async (path) => {
  const page = new DOMParser().parseFromString(await (await pages.match(path)).text(), 'text/html');
  const [item, link] = ['li', 'a'].map((name) => document.createElement(name));
  link.href = path;
  link.textContent = page.querySelector('h1').textContent;
  item.append(link);
  return item;
})));
section.hidden = !paths.length;
