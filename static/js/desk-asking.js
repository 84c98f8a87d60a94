// What a form says to the desk. Answers: the JSON that came, or { failed: why }: 'signed out', 'away', 'read-only', 'refused'.
const TIMEOUT = 10000;
const KEEPALIVE_MOST = 60000; // bytes that browsers send after a page is gone

async function post(address, fields, leaving) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  const options = { method: 'POST', body, headers: { Accept: 'application/json' }, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) };
  return fetch(address, leaving && new Blob(fields.flat()).size < KEEPALIVE_MOST ? { ...options, keepalive: true } : options);
}

// After a new sign-in in another tab the form's token is too old; a fresh one is asked for once.
async function renewed() {
  const answer = await fetch('/desk/form-token', { headers: { Accept: 'application/json' }, redirect: 'manual' });
  if (!answer.ok) return false;
  const { token } = await answer.json();
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
  return true;
}

export async function tell(form, address, fields, leaving = false) {
  const token = () => form.querySelector('input[name="csrf_token"]').value;
  try {
    let answer = await post(address, [...fields, ['csrf_token', token()]], leaving);
    if (answer.status === 400 && !leaving && await renewed()) answer = await post(address, [...fields, ['csrf_token', token()]], leaving);
    if (answer.ok) return await answer.json();
    if (answer.type === 'opaqueredirect' || [400, 401].includes(answer.status)) return { failed: 'signed out' };
    if (answer.status === 503) return { failed: 'read-only' };
    return { failed: answer.status < 500 && answer.status !== 429 ? 'refused' : 'away' };
  } catch {
    return { failed: 'away' };
  }
}
