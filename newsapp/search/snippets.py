"""Texts in pieces, of which some were asked for, and the lines of a long one that tell most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from newsapp.search.words import Term, folded

WORD = re.compile(r"[^\W_]+")
BEFORE, LENGTH = 8, 36  # words of the lines before what was asked for, and in all


class Piece(NamedTuple):
    text: str
    is_asked: bool


class Wanted:
    """What was asked for, to be looked for word by word."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.whole = frozenset(word for term in terms for word in term.words)
        self.begun = tuple(word for term in terms if term.is_open for word in term.words)

    def __contains__(self, word: str) -> bool:
        small = folded(word)
        return small in self.whole or small.startswith(self.begun)


def marked(text: str, terms: Sequence[Term]) -> list[Piece]:
    """The whole text in pieces."""
    pieces, at, wanted = list[Piece](), 0, Wanted(terms)
    for match in WORD.finditer(text):
        if match[0] in wanted:
            pieces += [Piece(text[at : match.start()], False), Piece(match[0], True)]
            at = match.end()
    return [piece for piece in [*pieces, Piece(text[at:], False)] if piece.text]


def snippet(text: str, terms: Sequence[Term], or_else: str = "") -> list[Piece]:
    """The lines with most of the words that were asked for, the first of equals; `or_else` where none stands."""
    words, wanted = text.split(), Wanted(terms)
    asked = [any(part in wanted for part in WORD.findall(word)) for word in words]
    if True not in asked:
        return [Piece(or_else or " ".join(words[:LENGTH]) + (" …" if len(words) > LENGTH else ""), False)] if words or or_else else []
    starts = [max(0, place - BEFORE) for place, is_there in enumerate(asked) if is_there]
    start = max(starts, key=lambda place: (sum(asked[place : place + LENGTH]), -place))
    lines = " ".join(words[start : start + LENGTH])
    pieces = marked(lines, terms)
    before = [Piece("… ", False)] if start else []
    after = [Piece(" …", False)] if start + LENGTH < len(words) else []
    return [*before, *pieces, *after]
