"""The list of articles as editors look at it: shelves by state, pages, how many each shelf has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import defer, joinedload, selectinload

from newsapp.database import db
from newsapp.desk.filters import Asked
from newsapp.news.models import APPROVED, DRAFT, LIVE, REVIEW, SPIKED, TAKEN_DOWN, Article, embargoed_at, expired_at, live_at
from newsapp.search.index import number_with
from newsapp.traffic.models import article_view_sums

PER_PAGE = 25
MANY = 10_000  # articles that have the words, from which on looking through them for each shelf would make the list wait
LATELY = 24  # hours of which the list says that views are held


@dataclass(frozen=True)
class Shelf:
    """One tab of the list: what it holds at a moment, the word for one article of it and the tone of that word; whether each has a date."""

    slug: str
    label: str
    holds: Callable[[datetime], ColumnElement[bool]]
    word: str = ""
    tone: str = ""
    is_dated: bool = False


SHELVES = (
    Shelf("all", "All", lambda at: true()),
    Shelf("drafts", "Drafts", lambda at: Article.state == DRAFT, "Draft"),
    Shelf("review", "In review", lambda at: Article.state == REVIEW, "In review", "timed"),
    Shelf("approved", "Approved", lambda at: Article.state == APPROVED, "Approved", "good"),
    Shelf("live", "Live", live_at, "Live", "live", is_dated=True),
    Shelf("embargoed", "Embargoed", embargoed_at, "Embargoed", "timed", is_dated=True),
    Shelf("ended", "Ended", expired_at, "Ended", "warn", is_dated=True),
    Shelf("spiked", "Spiked", lambda at: Article.state == SPIKED, "Spiked", "warn"),
    Shelf("taken-down", "Taken down", lambda at: Article.state == TAKEN_DOWN, "Taken down", "bad"),
)
BY_SLUG = {shelf.slug: shelf for shelf in SHELVES}
BY_STATE = {
    DRAFT: BY_SLUG["drafts"], REVIEW: BY_SLUG["review"], APPROVED: BY_SLUG["approved"], LIVE: BY_SLUG["live"],
    SPIKED: BY_SLUG["spiked"], TAKEN_DOWN: BY_SLUG["taken-down"],
}  # fmt: skip


def shelf_of(article: Article, at: datetime) -> Shelf:
    if article.is_expired(at):
        return BY_SLUG["ended"]
    return BY_SLUG["embargoed"] if article.is_embargoed(at) else BY_STATE[article.state]


class Sheet(NamedTuple):
    """One page of the list."""

    articles: list[Article]
    views: dict[int, int]  # of the last 24 hours, by article
    number: int
    has_more: bool


def sheet(shelf: Shelf, asked: ColumnElement[bool], number: int, at: datetime) -> Sheet:
    """A page of what a shelf has of what is asked for, newest first; what has no date yet comes before what has one."""
    first, which = (number - 1) * PER_PAGE, and_(shelf.holds(at), asked)
    ids = dated(which, first, PER_PAGE + 1) if shelf.is_dated else newest(which, first, PER_PAGE + 1)
    shown = ids[:PER_PAGE]
    return Sheet(loaded(shown), views_of(shown), number, len(ids) > PER_PAGE)


def newest(which: ColumnElement[bool], first: int, most: int) -> list[int]:
    """The ids of `most` articles after the `first` ones.

    In two queries, each in the order of an index: sorted together, all that fits would be read for each page.
    """
    without = and_(which, Article.published_at.is_(None))
    ids = list(db.session.scalars(select(Article.id).where(without).order_by(Article.id.desc()).offset(first).limit(most)))
    if len(ids) == most:
        return ids
    before = first + len(ids) if ids or not first else counted(without)
    return ids + dated(which, max(0, first - before), most - len(ids))


def dated(which: ColumnElement[bool], first: int, most: int) -> list[int]:
    """The same of those that have a date."""
    by_date = select(Article.id).where(which, Article.published_at.is_not(None)).order_by(Article.published_at.desc(), Article.id.desc())
    return list(db.session.scalars(by_date.offset(first).limit(most)))


def loaded(ids: list[int]) -> list[Article]:
    """The articles in the order of their ids as given, without their bodies. Ids are chosen first: all columns would make the sorting slow."""
    parts = (defer(Article.body), joinedload(Article.section, innerjoin=True), selectinload(Article.authors))
    by_id = {article.id: article for article in db.session.scalars(select(Article).where(Article.id.in_(ids)).options(*parts))}
    return [by_id[article_id] for article_id in ids if article_id in by_id]


def views_of(ids: list[int]) -> dict[int, int]:
    sums = article_view_sums.c
    return {row.article_id: row.v24h for row in db.session.execute(select(sums.article_id, sums.v24h).where(sums.article_id.in_(ids)))}


def shelf_sizes(asked: Asked, at: datetime) -> dict[str, int]:
    """How many articles each shelf has of what is asked for; of words that nearly all have, only how many those are.

    What is live is the archive: it is what remains of all, and not counted.
    """
    total = number_of(asked)
    if asked and not asked.refines and total > MANY:
        return {"all": total}
    others = Article.state.in_([state for state in BY_STATE if state != LIVE])
    states = db.session.execute(select(Article.state, func.count()).where(others, asked.condition).group_by(Article.state))
    sizes = {BY_STATE[state].slug: count for state, count in states}
    sizes |= {slug: counted(and_(BY_SLUG[slug].holds(at), asked.condition)) for slug in ("embargoed", "ended")}
    return dict.fromkeys(BY_SLUG, 0) | sizes | {"live": total - sum(sizes.values()), "all": total}


def number_of(asked: Asked) -> int:
    """How many articles have what is asked for, on whatever shelf."""
    if asked.refines:
        return counted(asked.condition)
    return number_with(asked.values["q"]) if asked else db.session.scalar(select(func.count()).select_from(Article)) or 0


def counted(which: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).select_from(Article).where(which)) or 0
