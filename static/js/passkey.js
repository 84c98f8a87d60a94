// data-passkey="signin", "verify" or "register": the browser's passkeys. Two requests each: what to sign, then what was signed.
const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON;

const send = async (part, address, fields) => {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': part.dataset.token },
    body: JSON.stringify(fields),
  });
  if (answer.status === 429) throw new Error('Too many tries. Wait a few minutes.');
  const { response } = await answer.json();
  if (!answer.ok) throw new Error(response?.errors?.[0] || 'That did not go through. Reload the page and try again.');
  return response;
};

const signed = async (part, { credential_options: options, wan_state: state }) => {
  const credential = part.dataset.passkey === 'register'
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  const [path, query] = part.dataset.address.split('?');
  return send(part, `${path}/${state}${query ? `?${query}` : ''}`, { credential: JSON.stringify(credential) });
};

const words = (error) => (error.name === 'NotAllowedError' ? 'The browser did not give a passkey. Try again, or use your password.'
  : error.name === 'InvalidStateError' ? 'This device has a passkey for you already.' : error.message);

for (const part of document.querySelectorAll('[data-passkey]')) {
  part.hidden = !able;
  const says = part.querySelector('[role="alert"]');
  const go = async (event) => {
    event.preventDefault();
    says.hidden = true;
    try {
      const name = part.querySelector('[name="name"]')?.value;
      const asked = await send(part, part.dataset.address, name ? { name, usage: 'first' } : {});
      const done = await signed(part, asked);
      if (name) location.reload();
      else location.assign(done.post_login_url || done.post_verify_url || '/desk/start');
    } catch (error) {
      says.textContent = words(error);
      says.hidden = false;
    }
  };
  if (part.matches('form')) part.addEventListener('submit', go);
  else part.querySelector('button').addEventListener('click', go);
}
for (const hint of document.querySelectorAll('[data-passkey-cannot]')) hint.hidden = Boolean(able);
