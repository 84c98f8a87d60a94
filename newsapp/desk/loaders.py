"""What handlers of the desk ask first: who, when it is here, and the article, or the refusal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import abort
from flask_security import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.desk import writing
from newsapp.news.models import TAKEN_DOWN, Article, Section
from newsapp.news.paper import paper_zone
from newsapp.publishing.approval import Person

Answer = Response | str | tuple[str, int]


def zone() -> ZoneInfo:
    return paper_zone()


def sections() -> list[Section]:
    return list(db.session.scalars(select(Section).order_by(Section.position, Section.name)))


def me() -> Person:
    """Who is signed in."""
    return Person(current_user.email, frozenset(role.name for role in current_user.roles))


def found(article_id: int) -> Article:
    """The article, or 404."""
    return writing.load(article_id) or abort(404)


def workable(article_id: int) -> Article:
    """The article if it can still be worked on; 409 when it was taken down."""
    article = found(article_id)
    return abort(409, "This article was taken down. Nothing can be changed any more.") if article.state == TAKEN_DOWN else article
