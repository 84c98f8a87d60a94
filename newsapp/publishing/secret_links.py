"""Secret preview links: made, found and taken back. The secret itself is told once and kept nowhere."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select

from newsapp.database import db
from newsapp.news.models import TAKEN_DOWN, Article
from newsapp.publishing.models import PreviewLink

BYTES = 24  # of chance: nobody guesses 192 bits


def hashed(secret: str) -> str:
    """What is kept of a secret. Chance needs no salt and no slow hash."""
    return sha256(secret.encode(errors="replace")).hexdigest()


def make(article_id: int, editor: str, at: datetime, days: int) -> str:
    """A new link in the open transaction; links that are over go. Returns the secret."""
    secret = secrets.token_urlsafe(BYTES)
    db.session.execute(delete(PreviewLink).where(PreviewLink.until <= at))
    db.session.add(PreviewLink(article_id=article_id, hash=hashed(secret), editor=editor, at=at, until=at + timedelta(days=days)))
    return secret


def article_behind(secret: str, at: datetime) -> int | None:
    """The article that a secret opens at a moment; None when it opens nothing, any more or ever."""
    query = select(PreviewLink.article_id).join(Article, Article.id == PreviewLink.article_id)
    return db.session.scalar(query.where(PreviewLink.hash == hashed(secret), PreviewLink.until > at, Article.state != TAKEN_DOWN))


def of(article_id: int, at: datetime) -> list[PreviewLink]:
    """The links of an article that still open."""
    query = select(PreviewLink).where(PreviewLink.article_id == article_id, PreviewLink.until > at)
    return list(db.session.scalars(query.order_by(PreviewLink.until)))


def take_back(article_id: int, link_id: int) -> bool:
    """End a link, in the open transaction. False when there is none."""
    gone = delete(PreviewLink).where(PreviewLink.article_id == article_id, PreviewLink.id == link_id)
    return bool(db.session.execute(gone).rowcount)  # type: ignore[attr-defined]
