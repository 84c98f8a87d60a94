"""Lists of live articles, with all that their cards show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import defer, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from newsapp.database import db
from newsapp.news.models import LIVE, Article, ArticleAuthor, ArticleTag, Page, Section, live_articles

PAGE_LENGTH = 20
Query = Select[Article]


def card_options() -> tuple[ORMOption, ...]:
    """What a card needs and no more: the body stays in the database."""
    return (defer(Article.body, raiseload=True), *what_cards_name())


def what_cards_name() -> tuple[ORMOption, ...]:
    return (
        joinedload(Article.section, innerjoin=True),
        joinedload(Article.picture),
        selectinload(Article.authors),
    )


def sections() -> list[Section]:
    """All sections in their order."""
    return list(db.session.scalars(select(Section).order_by(Section.position, Section.name)))


def plain_pages() -> list[Page]:
    return list(db.session.scalars(select(Page).where(Page.state == LIVE).order_by(Page.position, Page.title)))


def in_section(section_id: int, at: datetime) -> Query:
    return live_articles(at).where(Article.section_id == section_id)


def with_tag(tag_id: int, at: datetime) -> Query:
    return live_articles(at).join(ArticleTag, ArticleTag.article_id == Article.id).where(ArticleTag.tag_id == tag_id)


def by_author(author_id: int, at: datetime) -> Query:
    return live_articles(at).join(ArticleAuthor, ArticleAuthor.article_id == Article.id).where(ArticleAuthor.author_id == author_id)


@dataclass(frozen=True)
class Listing:
    """One page of a list, newest first."""

    stories: list[Article]
    number: int
    has_older: bool


def listing(query: Query, number: int) -> Listing:
    """The page of that number, from 1. One more than it shows is asked for, instead of counting them all."""
    rows = query.offset((number - 1) * PAGE_LENGTH).limit(PAGE_LENGTH + 1).options(*card_options())
    found = list(db.session.scalars(rows))
    return Listing(found[:PAGE_LENGTH], number, len(found) > PAGE_LENGTH)


def newest(query: Query, length: int, with_body: bool = False) -> list[Article]:
    """The first so many; with their bodies and tags where a feed tells them whole."""
    options = (*what_cards_name(), selectinload(Article.tags)) if with_body else card_options()
    return list(db.session.scalars(query.limit(length).options(*options)))


def of_any(queries: Iterable[Query]) -> list[Article]:
    """The articles that at least one of the queries finds, each once, newest first, in one statement."""
    ids = union_all(*(select(query.with_only_columns(Article.id).subquery().c.id) for query in queries))
    rows = select(Article).where(Article.id.in_(ids)).order_by(Article.published_at.desc(), Article.id.desc())
    return list(db.session.scalars(rows.options(*card_options())))
