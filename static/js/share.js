// Copy link: copies the story's address and says that it worked.
import { show } from './toast.js';

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-copy-link]')) return;
  event.preventDefault();
  const address = document.querySelector('[rel=canonical]').href;
  const { copied, notCopied } = document.querySelector('[data-toasts]').dataset;
  const failed = () => show(`${notCopied} ${address}`);
  navigator.clipboard ? navigator.clipboard.writeText(address).then(() => show(copied), failed) : failed();
});
