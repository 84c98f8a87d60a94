"""Words as the index holds them, and what somebody asks for as terms; the same on every database."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

WORD = re.compile(r"[^\W_]+")
TAG = re.compile(r"<[^>]*>")
QUOTED = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]')
LONGEST = 60  # letters of a word that count
MOST_TERMS = 12
PREFIX = 3  # letters from which on a word also finds longer ones


class Term(NamedTuple):
    """Words that must follow each other; the last may be the beginning of a longer one."""

    words: tuple[str, ...]
    is_open: bool


def folded(text: str) -> str:
    """Small letters without marks: what "Zürich" and "ZURICH" have in common."""
    if text.isascii():
        return text.casefold()
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)).casefold()


def words_of(text: str) -> list[str]:
    return [word[:LONGEST] for word in WORD.findall(folded(text))]


def text_of(body: str) -> str:
    """The text of a story's sanitised HTML."""
    return html.unescape(TAG.sub(" ", body))


def terms_of(asked: str) -> list[Term]:
    """What somebody typed: words in any order, and "words between quotes" that follow each other."""
    phrases = [Term(tuple(words), False) for match in QUOTED.finditer(asked) if (words := words_of(match[1]))]
    singles = [Term((word,), len(word) >= PREFIX) for word in words_of(QUOTED.sub(" ", asked))]
    return list(dict.fromkeys([*phrases, *singles]))[:MOST_TERMS]
