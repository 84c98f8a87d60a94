// data-signs-out: whoever signs out leaves no text in the browser; others' texts stay.
import { forgetPerson } from './desk-copies.js';

for (const form of document.querySelectorAll('[data-signs-out]')) {
  form.addEventListener('submit', () => {
    form.dataset.gone = ''; // no copy is made on the way out
    forgetPerson(form.dataset.signsOut);
  });
  document.addEventListener('input', () => { delete form.dataset.gone; });
}
