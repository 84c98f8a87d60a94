"""What readers find: the live stories that have what was asked for, the best or the newest first, in pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from newsapp.database import db
from newsapp.languages import N_
from newsapp.news.models import Article, live_at
from newsapp.search.index import weights
from newsapp.search.snippets import Piece, marked, snippet
from newsapp.search.spelling import mended
from newsapp.search.words import Term, terms_of, text_of

PER_PAGE = 10
MOST = 1000  # stories that are weighed: of more that have the words, the newest
SUGGESTED = 6
FRESH = 30.0  # days after which half of what newness adds is gone
BEST, NEWEST = "best", "newest"
DAY = 86_400.0  # seconds
ORDERS = ((BEST, N_("Best match")), (NEWEST, N_("Newest")))


class Hit(NamedTuple):
    """A story that was found, its headline and its most telling lines in pieces, of which some were asked for."""

    story: Article
    headline: list[Piece]
    lines: list[Piece]


@dataclass(frozen=True)
class Found:
    """One page of an answer. `instead` holds the words that were put for mistyped ones."""

    hits: list[Hit] = field(default_factory=list)
    number: int = 1
    total: int = 0
    instead: str = ""

    @property
    def has_more(self) -> bool:
        return self.total > self.number * PER_PAGE

    @property
    def is_all(self) -> bool:
        """Whether `total` is of the whole archive."""
        return self.total < MOST


def find(asked: str, order: str, number: int, at: datetime) -> Found:
    """A page of what is found. When nothing is, mistyped words are put right."""
    terms = terms_of(asked)
    if not terms:
        return Found()
    ids, instead = ordered(terms, order, at), ""
    if not ids and (better := mended(terms)) != terms:
        terms, instead = better, " ".join(word for term in better for word in term.words)
        ids = ordered(terms, order, at)
    shown = ids[(number - 1) * PER_PAGE : number * PER_PAGE]
    hits = [Hit(story, marked(story.headline, terms), lines_of(story, terms)) for story in loaded(shown)]
    return Found(hits, number, len(ids), instead if ids else "")


def ordered(terms: Sequence[Term], order: str, at: datetime) -> list[int]:
    """The ids of the live stories that have all terms. The best first: by what the index says, times up to 2 for a new one."""
    found = weights(terms, MOST)
    dates = dates_of_live(found, at)
    if order == NEWEST:
        return newest_first(dates)
    worth = {each: found[each] * (1 + FRESH / (FRESH + (at - date).total_seconds() / DAY)) for each, date in dates.items()}
    return sorted(worth, key=lambda each: (worth[each], each), reverse=True)


def dates_of_live(ids: Iterable[int], at: datetime) -> dict[int, datetime]:
    """When each of these stories went out that readers may see.

    Whether they may is asked of each story that was found: as a condition, SQLite would look through all live ones instead.
    """
    rows = db.session.execute(select(Article.id, Article.published_at, live_at(at).label("is_live")).where(Article.id.in_(list(ids))))
    return {row.id: row.published_at for row in rows if row.is_live}


def newest_first(dates: dict[int, datetime]) -> list[int]:
    return sorted(dates, key=lambda each: (dates[each], each), reverse=True)


def lines_of(story: Article, terms: Sequence[Term]) -> list[Piece]:
    """Where the words stand: in the standfirst, or else in the story."""
    told = snippet(story.standfirst, terms)
    return told if any(piece.is_asked for piece in told) else snippet(text_of(story.body), terms, or_else=story.standfirst)


def loaded(ids: list[int]) -> list[Article]:
    """The stories in the order of their ids, with what a card shows and what is looked through."""
    options = (joinedload(Article.section, innerjoin=True), joinedload(Article.picture), selectinload(Article.authors))
    by_id = {story.id: story for story in db.session.scalars(select(Article).where(Article.id.in_(ids)).options(*options))}
    return [by_id[each] for each in ids if each in by_id]


def suggested(asked: str, at: datetime) -> list[Article]:
    """The newest stories that have what was typed so far."""
    terms = terms_of(asked)
    if not terms:
        return []
    open_end = [*terms[:-1], terms[-1]._replace(is_open=True)]
    return loaded(newest_first(dates_of_live(weights(open_end, SUGGESTED * 50), at))[:SUGGESTED])
