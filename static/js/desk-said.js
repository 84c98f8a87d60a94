// What the last request had to say stays until somebody closes it, or goes on to another page.
for (const notice of document.querySelectorAll('[data-said]')) {
  const words = notice.querySelector('p'), close = notice.querySelector('[data-dismiss]');
  // A live region that is there from the start is not spoken by every screen reader; words that come into it are.
  words.textContent = words.textContent;
  close.hidden = false;
  close.addEventListener('click', () => {
    notice.remove();
    document.querySelector('#main').focus();
  });
}
