// Copy link: copies the address of the story that it stands in, or else of the one in view, and says that it worked.
import { show } from './toast.js';

document.addEventListener('click', (event) => {
  const link = event.target.closest('[data-copy-link]');
  if (!link) return;
  event.preventDefault();
  const address = link.closest('[data-address]')?.dataset.address ?? document.querySelector('[rel=canonical]').href;
  const { copied, notCopied } = document.querySelector('[data-toasts]').dataset;
  const failed = () => show(`${notCopied} ${address}`);
  navigator.clipboard ? navigator.clipboard.writeText(address).then(() => show(copied), failed) : failed();
});
