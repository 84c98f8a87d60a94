"""What a body points to: `<div data-article="12"></div>` becomes the card of that story while it is live, an embed becomes a card to click.

Stories that editors chose to be read next to one stand here too, and the one that is offered at its end.
`data-related="slug"` is the same as `data-article`, by address.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import defer, joinedload

from newsapp.database import db
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


def mentioned(body: str, also: ColumnElement[bool] | None = None) -> list[Article]:
    """The articles that a body has places for, and those wanted besides, in any state, in one statement; in none where there are none."""
    places = list(PLACE.finditer(body))
    slugs = {place["slug"] for place in places if place["slug"]}
    ids = {int(place["id"]) for place in places if place["id"]}
    wanted = [*([Article.slug.in_(slugs)] if slugs else []), *([Article.id.in_(ids)] if ids else []), *([also] if also is not None else [])]
    return cards(or_(*wanted)) if wanted else []


def chosen(article_id: int) -> list[Article]:
    """The articles that editors chose to be read next, in any state, in their order."""
    query = select(Article).join(ArticleRelated, ArticleRelated.related_id == Article.id).where(ArticleRelated.article_id == article_id)
    return list(db.session.scalars(as_cards(query.order_by(ArticleRelated.position, Article.id))))


def next_of(article: Article, at: datetime) -> Article | None:
    """The story that is offered at the end of one: the next older live one of its section that search engines may list."""
    before = and_(Article.published_at <= article.published_at, or_(Article.published_at < article.published_at, Article.id < article.id))
    query = live_articles(at).where(Article.section_id == article.section_id, Article.robots != "noindex", before).limit(1)
    return db.session.scalar(query.options(defer(Article.body), joinedload(Article.section)))


def cards(condition: object) -> list[Article]:
    return list(db.session.scalars(as_cards(select(Article).where(condition))))  # type: ignore[arg-type]


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
