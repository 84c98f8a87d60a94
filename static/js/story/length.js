// How long a text is: words, or characters where a script has no spaces between words; and how long reading it takes.
const CHARACTERS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;
const WORDS_A_MINUTE = 230;
const CHARACTERS_A_MINUTE = 500;

export function lengthOf(text, language) {
  const signs = text.match(CHARACTERS)?.length ?? 0;
  const rest = text.replace(CHARACTERS, ' ');
  const words = [...new Intl.Segmenter(language || undefined, { granularity: 'word' }).segment(rest)].filter((each) => each.isWordLike).length;
  return { words, signs, minutes: Math.max(1, Math.round(words / WORDS_A_MINUTE + signs / CHARACTERS_A_MINUTE)) };
}

export function said({ words, signs, minutes }) {
  const parts = [words || !signs ? `${words} ${words === 1 ? 'word' : 'words'}` : '', signs ? `${signs} characters` : ''].filter(Boolean);
  return `${parts.join(', ')}, ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} to read`;
}
