"""Stories that a body points to: `<div data-related="slug"></div>` becomes the card of that story while it is live."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from newsapp.database import db
from newsapp.news.models import LIVE, Article

PLACE = re.compile(r'<div data-related="([^"]*)"></div>')


def mentioned(body: str) -> list[Article]:
    """The articles that a body has places for, in any state, in one statement (none when it has no place)."""
    slugs = set(PLACE.findall(body))
    if not slugs:
        return []
    query = select(Article).where(Article.slug.in_(slugs))
    return list(db.session.scalars(query.options(defer(Article.body), joinedload(Article.section), joinedload(Article.picture))))


def weave(body: str, articles: list[Article], at: datetime) -> list[str | Article]:
    """The body in pieces of HTML, with live articles at their places; a place of any other is left out."""
    live = {article.slug: article for article in articles if article.is_live(at)}
    pieces: list[str | Article] = []
    for number, piece in enumerate(PLACE.split(body)):
        if number % 2 == 0 and piece:
            pieces.append(piece)
        elif number % 2 and piece in live:
            pieces.append(live[piece])
    return pieces


def next_change(articles: list[Article], at: datetime) -> datetime | None:
    """When the clock alone brings the next of them to life."""
    coming = [article.published_at for article in articles if article.state == LIVE and article.published_at and article.published_at > at]
    return min(coming, default=None)
