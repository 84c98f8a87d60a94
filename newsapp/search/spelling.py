"""Mistyped words: which word of ours each was meant to be."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import OSA
from sqlalchemy import delete, func, insert, select, text

from newsapp.database import db, write_unit
from newsapp.search.models import KnownWord
from newsapp.search.words import LONGEST, Term

SHORTEST = 4  # letters: shorter words have too many neighbours
LONG = 8  # letters from which on two mistakes are forgiven
PORTION = 5000  # words of one transaction
# The words of at least two stories.
VOCABULARY = {
    "sqlite": "SELECT term, doc FROM article_text_words WHERE doc > 1",
    "postgresql": "SELECT word, ndoc FROM ts_stat('SELECT document FROM article_text') WHERE ndoc > 1",
}


def note_words() -> int:
    """Make the known words anew, in short transactions: only those that are new, gone or moved are written. Returns how many those were."""
    with db.engine.connect() as connection:
        found = {word: stories for word, stories in connection.execute(text(VOCABULARY[connection.dialect.name])) if is_word(word)}
        known = {row.word: row.stories for row in connection.execute(select(KnownWord.word, KnownWord.stories))}
    moved = [word for word in found if known.get(word) != found[word]]
    old = [word for word in known if known[word] != found.get(word)]
    for start in range(0, max(len(moved), len(old)), PORTION):
        portion = slice(start, start + PORTION)
        with write_unit() as writing:
            if old[portion]:
                writing.execute(delete(KnownWord).where(KnownWord.word.in_({*old[portion], *moved[portion]})))
            if moved[portion]:
                rows = [{"word": word, "stories": found[word]} for word in moved[portion]]
                writing.execute(delete(KnownWord).where(KnownWord.word.in_(moved[portion])))
                writing.execute(insert(KnownWord), rows)
    return len({*moved, *old})


def is_word(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and not word.isdigit()


def mended(terms: Sequence[Term]) -> list[Term]:
    """The terms with each word that no story has put right; the same where nothing is near."""
    return [Term(tuple(nearest(word) for word in term.words), term.is_open) for term in terms]


def nearest(word: str) -> str:
    """The known word that is fewest mistakes away, of those the one of most stories; the word itself when it is one, or none is near.

    A mistake is a letter too many, missing, another, or two that changed places (optimal string alignment). The first letter counts as right.
    """
    most = 0 if len(word) < SHORTEST else 1 if len(word) < LONG else 2
    if not most or begins_a_word(word):
        return word
    length = func.length(KnownWord.word)
    near = select(KnownWord.word, KnownWord.stories).where(
        KnownWord.word >= word[0], KnownWord.word < chr(ord(word[0]) + 1), length.between(len(word) - most, len(word) + most)
    )
    rows = [(distance, -stories, known) for known, stories in db.session.execute(near) if (distance := OSA.distance(word, known)) <= most]
    return min(rows)[2] if rows else word


def begins_a_word(word: str) -> bool:
    return db.session.scalar(select(KnownWord.word).where(KnownWord.word >= word, KnownWord.word < word + "\U0010ffff").limit(1)) is not None
