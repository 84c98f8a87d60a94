// Copy link: copies the story's address and says that it worked.
import { show } from './toast.js';

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-copy-link]')) return;
  event.preventDefault();
  const address = document.querySelector('[rel=canonical]').href;
  const failed = () => show(`Copying failed. The address is ${address}`);
  navigator.clipboard ? navigator.clipboard.writeText(address).then(() => show('Link copied'), failed) : failed();
});
