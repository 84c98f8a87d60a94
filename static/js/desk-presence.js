// data-presence: a sign of life every few seconds; shows who else has the article open and who saved it since.
import { tell } from './desk-asking.js';

const EVERY = 10000;

export function attend(form) {
  const address = form.dataset.presence;
  if (!address) return;
  const here = document.querySelector('[data-here]');
  const newer = document.querySelector('[data-newer]');
  const about = () => [['form_id', form.elements.form_id.value], ['since', form.dataset.since], ['version', form.elements.version.value]];

  const place = (part, text) => {
    const says = part?.querySelector('p');
    if (!says) return;
    part.hidden = !text;
    if (says.textContent.trim() !== text) says.textContent = text;
  };
  const beat = async () => {
    const answer = await tell(form, address, about());
    if (answer.here) {
      place(here, answer.here.map(({ name, since }) => `${name} has this open too, since ${since}.`).join(' '));
      place(newer, answer.newer ? `${answer.newer.who || 'Somebody'} saved this article at ${answer.newer.at}. When you save, both versions are put together.` : '');
    }
    next();
  };
  const next = () => {
    if (document.hidden) document.addEventListener('visibilitychange', beat, { once: true });
    else setTimeout(beat, EVERY);
  };
  addEventListener('pagehide', () => { tell(form, `${address}/removal`, about(), true); });
  setTimeout(beat, EVERY / 2);
}
