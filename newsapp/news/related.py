"""What a body points to: `<div data-article="12"></div>` becomes the card of that story while it is live, an embed becomes a card to click.

Stories that editors chose to be read next to one stand here too, and the one that is offered at its end.
`data-related="slug"` is the same as `data-article`, by address.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import defer, joinedload

from newsapp.database import Moment, db
from newsapp.news.models import Article, ArticleRelated, live_articles
from newsapp.news.providers import Embed, embed_of

PLACE = re.compile(
    r'<div data-(?:related="(?P<slug>[^"]*)"|article="(?P<id>\d{1,9})")></div>'
    r'|<figure data-embed="[^"]*">\s*<a href="(?P<address>[^"]*)"[^<>]*>(?P<title>[^<]*)</a>'
    r"(?:\s*<figcaption>(?P<caption>(?:(?!</?fig).){0,2000})</figcaption>)?\s*</figure>",
    re.DOTALL,
)


class EmbedCard(NamedTuple):
    """An embed as readers meet it; the caption is HTML of the body's."""

    embed: Embed
    title: str
    caption: str


Piece = str | Article | EmbedCard


def mentioned(body: str, group: int = 0) -> list[Article]:
    """The articles that a body has places for, and that one with its translations, in any state; asks nothing where there are none."""
    places = list(PLACE.finditer(body))
    slugs = {place["slug"] for place in places if place["slug"]}
    ids = {int(place["id"]) for place in places if place["id"]} | ({group} if group else set())
    return list(db.session.scalars(pointed_to(), {"slugs": list(slugs), "ids": list(ids), "group": group})) if slugs or ids else []


@cache  # SQLAlchemy takes longer to put such a statement together than to ask it
def pointed_to() -> Select[Article]:
    by_name = Article.slug.in_(bindparam("slugs", expanding=True))
    by_number = Article.id.in_(bindparam("ids", expanding=True))
    return as_cards(select(Article).where(or_(by_name, by_number, Article.translation_of_id == bindparam("group"))))


def chosen(article_id: int) -> list[Article]:
    """The articles that editors chose to be read next, in any state, in their order."""
    return list(db.session.scalars(chosen_next(), {"article": article_id}))


@cache
def chosen_next() -> Select[Article]:
    query = select(Article).join(ArticleRelated, ArticleRelated.related_id == Article.id).where(ArticleRelated.article_id == bindparam("article"))
    return as_cards(query.order_by(ArticleRelated.position, Article.id))


def next_of(article: Article, at: datetime) -> Article | None:
    """The story that is offered at the end of one: the next older live one of its section that search engines may list."""
    return db.session.scalar(next_older(), {"at": at, "section": article.section_id, "moment": article.published_at, "article": article.id})


@cache
def next_older() -> Select[Article]:
    moment, at = bindparam("moment", type_=Moment), bindparam("at", type_=Moment)
    before = and_(Article.published_at <= moment, or_(Article.published_at < moment, Article.id < bindparam("article")))
    query = live_articles(at).where(Article.section_id == bindparam("section"), Article.robots != "noindex", before).limit(1)
    return query.options(defer(Article.body), joinedload(Article.section))


def as_cards(query: Select[Article]) -> Select[Article]:
    """With what a card shows, and without the body."""
    return query.options(defer(Article.body), joinedload(Article.section), joinedload(Article.picture))


def weave(body: str, articles: list[Article], at: datetime) -> list[Piece]:
    """The body in pieces of HTML, with live articles and embeds at their places; a place of any other article is left out."""
    live: dict[str | int, Article] = {}
    for article in articles:
        if article.is_live(at):
            live |= {article.slug: article, article.id: article}
    pieces: list[Piece] = []
    position = 0
    for place in PLACE.finditer(body):
        pieces += [body[position : place.start()], piece_at(place, live)]
        position = place.end()
    return [piece for piece in [*pieces, body[position:]] if piece]


def piece_at(place: re.Match[str], live: dict[str | int, Article]) -> Piece:
    """What stands at a place; an embed of somebody unlisted stays the link that it is."""
    if place["address"] is None:
        return live.get(place["slug"] or int(place["id"] or 0), "")
    embed = embed_of(html.unescape(place["address"]))
    return EmbedCard(embed, html.unescape(place["title"]).strip(), place["caption"] or "") if embed else place[0]


def next_change(articles: list[Article], at: datetime) -> datetime | None:
    """When the clock alone next brings one of them to life, or ends one."""
    return min((moment for article in articles for moment in article.turns_after(at)), default=None)
