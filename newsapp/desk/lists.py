"""The list of articles as editors look at it: shelves by state, search by headline, pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import selectinload

from newsapp.database import db
from newsapp.news.models import DRAFT, LIVE, SPIKED, TAKEN_DOWN, Article, live_at
from newsapp.traffic.models import article_view_sums

PER_PAGE = 25


@dataclass(frozen=True)
class Shelf:
    """One tab of the list: what it holds at a moment, the word for one article of it and the tone of that word."""

    slug: str
    label: str
    holds: Callable[[datetime], ColumnElement[bool]]
    word: str = ""
    tone: str = ""


SHELVES = (
    Shelf("all", "All", lambda at: true()),
    Shelf("drafts", "Drafts", lambda at: Article.state == DRAFT, "Draft"),
    Shelf("live", "Live", live_at, "Live", "live"),
    Shelf("embargoed", "Embargoed", lambda at: and_(Article.state == LIVE, Article.published_at > at), "Embargoed", "timed"),
    Shelf("spiked", "Spiked", lambda at: Article.state == SPIKED, "Spiked", "warn"),
    Shelf("taken-down", "Taken down", lambda at: Article.state == TAKEN_DOWN, "Taken down", "bad"),
)
BY_SLUG = {shelf.slug: shelf for shelf in SHELVES}
BY_STATE = {DRAFT: BY_SLUG["drafts"], LIVE: BY_SLUG["live"], SPIKED: BY_SLUG["spiked"], TAKEN_DOWN: BY_SLUG["taken-down"]}


def shelf_of(article: Article, at: datetime) -> Shelf:
    return BY_SLUG["embargoed"] if article.is_embargoed(at) else BY_STATE[article.state]


class Sheet(NamedTuple):
    """One page of the list."""

    articles: list[Article]
    views: dict[int, int]  # of the last 24 hours, by article
    number: int
    has_more: bool


def sheet(shelf: Shelf, words: str, number: int, at: datetime) -> Sheet:
    """A page of a shelf, newest first; what has no date yet comes before what has one."""
    wanted = select(Article.id).where(shelf.holds(at), matches(words))
    newest = wanted.order_by(Article.published_at.is_not(None), Article.published_at.desc(), Article.id.desc())
    ids = list(db.session.scalars(newest.limit(PER_PAGE + 1).offset((number - 1) * PER_PAGE)))
    shown = ids[:PER_PAGE]
    return Sheet(loaded(shown), views_of(shown), number, len(ids) > PER_PAGE)


def matches(words: str) -> ColumnElement[bool]:
    """Headlines that have each of the words."""
    found = [or_(Article.headline.icontains(word, autoescape=True), Article.list_headline.icontains(word, autoescape=True)) for word in words.split()]
    return and_(true(), *found)


def loaded(ids: list[int]) -> list[Article]:
    """The articles in the order of their ids as given. Ids are chosen first: bodies would make the sorting slow."""
    rows = db.session.scalars(select(Article).where(Article.id.in_(ids)).options(selectinload(Article.section), selectinload(Article.authors)))
    by_id = {article.id: article for article in rows}
    return [by_id[article_id] for article_id in ids]


def views_of(ids: list[int]) -> dict[int, int]:
    sums = article_view_sums.c
    return {row.article_id: row.v24h for row in db.session.execute(select(sums.article_id, sums.v24h).where(sums.article_id.in_(ids)))}


def shelf_sizes(at: datetime) -> dict[str, int]:
    """How many articles each shelf holds."""
    ahead: Any = func.sum(case((Article.published_at > at, 1), else_=0))
    rows = db.session.execute(select(Article.state, func.count(), ahead).group_by(Article.state)).all()
    sizes = dict.fromkeys(BY_SLUG, 0)
    for state, count, to_come in rows:
        embargoed = to_come if state == LIVE else 0
        sizes["all"] += count
        sizes["embargoed"] += embargoed
        sizes[BY_STATE[state].slug] += count - embargoed
    return sizes
