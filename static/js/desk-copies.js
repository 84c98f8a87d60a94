// Copies of what is typed, in this browser: desk-text:<person>:<article or nothing>:<opened form>.
// `sent`: the desk has the same, so the copy is not needed any more.
const PREFIX = 'desk-text:';
const keyOf = (person, article, form) => `${PREFIX}${person}:${article}:${form}`;

// False when this browser keeps nothing: it is full, or was told not to.
export function put(person, article, form, copy) {
  try {
    localStorage.setItem(keyOf(person, article, form), JSON.stringify(copy));
    return true;
  } catch {
    return false;
  }
}

export function get(person, article, form) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(person, article, form)));
  } catch {
    return null;
  }
}

export function drop(person, article, form) {
  try {
    localStorage.removeItem(keyOf(person, article, form));
  } catch { /* nothing is kept */ }
}

function keysWith(start) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(start));
  } catch {
    return [];
  }
}

// Copies of that person and article: [[opened form, copy]].
export function all(person, article) {
  const start = keyOf(person, article, '');
  return keysWith(start).map((key) => [key.slice(start.length), get(person, article, key.slice(start.length))]).filter(([, copy]) => copy);
}

export function forgetPerson(person) {
  keysWith(`${PREFIX}${person}:`).forEach((key) => localStorage.removeItem(key));
}

// An article that was taken down: its text is kept nowhere.
export function forgetArticle(article) {
  keysWith(PREFIX).filter((key) => key.split(':')[2] === article).forEach((key) => localStorage.removeItem(key));
}
