// A picture file goes into the library. Answers the picture, or { error } in words; `refused` when another try would not help.
export async function bring(address, form, file, alt = '') {
  const body = new FormData();
  body.set('csrf_token', form.elements.csrf_token.value);
  body.set('file', file);
  body.set('alt', alt);
  const answer = await fetch(address, { method: 'POST', body, headers: { Accept: 'application/json' } }).catch(() => null);
  if (answer?.ok) return answer.json().catch(() => ({ error: `${file.name} did not go through. Sign in again in another tab, and try once more.` }));
  if (answer?.status === 413) return { error: `${file.name} is too large: a picture may have 16 MB. Make it smaller.`, refused: true };
  return { refused: answer?.status === 422, error: (await answer?.json().catch(() => null))?.error ?? `${file.name} did not go through. Try again.` };
}
