// data-unsaved: keeps what is typed in this browser at once and at the desk every few seconds, and asks before it is left.
// data-text: texts that wait; data-forget: an article that was taken down.
import { all, drop, forgetArticle, put } from './desk-copies.js';
import { tell } from './desk-asking.js';
import { attend } from './desk-presence.js';

const AT_ONCE = 200; // ms after a key, for this browser
const SOON = 1500; // ms after a key, for the desk
const EVERY = 5000; // ms between two sendings
const LONGEST = 30000; // ms until the next try while the desk is away
const UNTYPED = ['csrf_token', 'form_id', 'came_from'];

for (const mark of document.querySelectorAll('[data-forget]')) forgetArticle(mark.dataset.forget);
for (const form of document.querySelectorAll('form[data-unsaved]')) watch(form);

function fieldsOf(form) {
  return [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && name !== 'csrf_token');
}

function watch(form) {
  const { person, article } = form.dataset;
  const says = document.querySelector('[data-guard-says]');
  const id = form.querySelector('input[name="form_id"]');
  const typed = () => JSON.stringify(fieldsOf(form).filter(([name]) => !UNTYPED.includes(name)));
  let since = form.dataset.clock, sent = 0, failures = 0, kept = true, dirty = 'typed' in form.dataset, submitted = false;
  let writing = 0, sending = 0, busy = false, known = dirty ? '' : typed();

  const say = (text, link) => {
    if (!says || says.dataset.said === text) return;
    says.dataset.said = text;
    says.textContent = text;
    if (link) says.append(' ', Object.assign(document.createElement('a'), { href: '/desk/start', target: '_blank', textContent: link }));
  };
  const inBrowser = () => (kept ? 'kept in this browser' : 'this browser keeps no copy, so leave it open');

  const store = (done = false) => {
    clearTimeout(writing);
    writing = 0;
    if (document.querySelector('[data-gone]')) return; // somebody signs out: an answer that is still on its way must bring nothing back
    kept = put(person, article, id.value, { sent: done, fields: fieldsOf(form) });
  };

  const send = async (leaving = false) => {
    clearTimeout(sending);
    sending = 0;
    const now = typed();
    if (busy || now === known) return;
    busy = true;
    sent = Date.now();
    const answer = await tell(form, `/desk/unsaved/${id.value}`, [...fieldsOf(form), ['article', article]], leaving);
    busy = false;
    if (submitted) return;
    if (answer.at) {
      [failures, since, known] = [0, answer.at, now];
      if (typed() === now) store(true);
      say(`Not saved yet; your text is kept at the desk, ${since}`);
    } else if (answer.failed === 'signed out') {
      say(`You are signed out; ${inBrowser()}.`, 'Sign in in another tab');
    } else if (answer.failed === 'read-only') {
      say(`The desk is read-only for now; your text is ${inBrowser()}`);
    } else {
      say(`Not saved to the desk since ${since}; ${inBrowser()}`);
    }
    if (!answer.at) failures += 1;
    if (typed() !== known) sendLater();
  };
  const sendLater = () => {
    if (sending || busy) return;
    const pause = failures ? Math.min(LONGEST, EVERY * 2 ** (failures - 1)) : Math.max(SOON, EVERY - (Date.now() - sent));
    sending = setTimeout(send, pause);
  };

  const changed = () => {
    dirty = true;
    if (!failures) say('Not saved yet');
    if (!writing) writing = setTimeout(store, AT_ONCE);
    sendLater();
  };
  const hide = () => {
    if (!dirty || submitted || document.querySelector('[data-gone]')) return;
    if (typed() === known) return;
    store();
    send(true);
  };

  form.addEventListener('input', changed);
  form.addEventListener('change', changed);
  form.addEventListener('submit', (event) => {
    if (event.submitter?.formTarget === '_blank') return; // a preview saves nothing
    store(); // should the answer never come
    submitted = true;
    dirty = false;
    clearTimeout(sending);
  });
  addEventListener('beforeunload', (event) => { if (dirty) event.preventDefault(); });
  addEventListener('pagehide', hide);
  document.addEventListener('visibilitychange', () => { if (document.hidden) hide(); });
  addEventListener('online', () => { failures = 0; if (dirty) { clearTimeout(sending); sending = 0; sendLater(); } });
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    if (submitted) id.value = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    submitted = false;
  });
  for (const button of document.querySelectorAll('[data-throws-away]')) throwsAway(button);
  if (dirty) changed();
  offer();
  attend(form);

  function throwsAway(button) {
    button.form.addEventListener('submit', () => {
      drop(person, article, button.dataset.throwsAway);
      if (button.dataset.throwsAway === id.value) dirty = false;
    });
  }

  // Copies that the desk does not have, after a crash or a time without it, are sent and offered like all others.
  async function offer() {
    const texts = document.querySelector('[data-texts]');
    let news = false;
    for (const place of new Set([article, ''])) { // a new article's copy is settled once it has become one
      for (const [other, copy] of all(person, place)) {
        if (other === id.value) continue;
        const answer = copy.sent ? { saved: true } : await tell(form, `/desk/unsaved/${other}`, [...copy.fields, ['article', place]]);
        if (answer.saved || answer.at || answer.failed === 'refused') drop(person, place, other);
        news ||= Boolean(answer.at) && place === article;
      }
    }
    if (!news || !texts) return;
    const page = await fetch(texts.dataset.texts, { redirect: 'error' });
    if (!page.ok) return;
    const open = [...texts.querySelectorAll('[data-text]:has(details[open])')].map((text) => text.dataset.text);
    texts.innerHTML = await page.text();
    for (const text of texts.querySelectorAll('[data-text]')) if (open.includes(text.dataset.text)) text.querySelector('details').open = true; // being read
    for (const button of texts.querySelectorAll('[data-throws-away]')) throwsAway(button);
  }
}
