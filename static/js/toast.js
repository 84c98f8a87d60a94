// A short message at the foot of the page, put into a live region so that it is spoken too.
const region = document.querySelector('[data-toasts]');
const template = document.querySelector('[data-toast]');
const hide = () => region.replaceChildren();
let timer;

// Leaves after 20 s, in which the longest is read slowly, but not while somebody points at it, is in it, or looks at another tab.
function leaveLater() {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden || region.querySelector(':hover, :focus-within') ? leaveLater() : hide()), 20000);
}

// `help`: with what can be done instead.
export function show(message, help) {
  const toast = template.content.cloneNode(true);
  toast.querySelector('strong').textContent = message;
  if (!help) toast.querySelector('p').remove();
  region.replaceChildren(toast);
  leaveLater();
}

region.addEventListener('click', (event) => event.target.closest('[data-dismiss]') && hide());
region.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
document.addEventListener('visibilitychange', leaveLater);
