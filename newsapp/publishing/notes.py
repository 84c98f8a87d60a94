"""Notes to readers: corrections, clarifications, updates. Each is made, changed or removed, and the history says by whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from newsapp.database import db
from newsapp.news.models import Article, Correction
from newsapp.publishing.approval import Person
from newsapp.publishing.models import ArticleTurn
from newsapp.publishing.turns import turn


def make(article: Article, kind: str, text: str, moment: datetime, person: Person, at: datetime) -> None:
    """Tell readers what was changed, in the open transaction."""
    db.session.add(Correction(article_id=article.id, kind=kind, text=text, at=moment, editor=person.email))
    follow(article, "correct", person, at, text)


def change(article: Article, note: Correction, kind: str, text: str, moment: datetime, person: Person, at: datetime) -> None:
    """Put a mistaken note right; what it said stays in the history."""
    before = note.text
    note.kind, note.text, note.at = kind, text, moment
    follow(article, "change_note", person, at, f"It said: {before}")


def remove(article: Article, note: Correction, person: Person, at: datetime) -> None:
    """Take a note away that should not have been there; what it said stays in the history."""
    db.session.delete(note)
    follow(article, "remove_note", person, at, f"It said: {note.text}")


def renew(article: Article, person: Person, at: datetime) -> None:
    """Tell readers that a story was updated."""
    turn(article, "update", person, at)
    article.revised_at = at


def follow(article: Article, action: str, person: Person, at: datetime, said: str) -> None:
    """Write the history and date the story anew: by its notes, and by what editors called an update."""
    turn(article, action, person, at, said)
    db.session.flush()
    noted = db.session.scalar(select(func.max(Correction.at)).where(Correction.article_id == article.id))
    updated = db.session.scalar(select(func.max(ArticleTurn.at)).where(ArticleTurn.article_id == article.id, ArticleTurn.action == "update"))
    article.revised_at = max((moment for moment in (noted, updated) if moment), default=None)
    article.updated_at = at


def of(article_id: int) -> list[Correction]:
    """The notes of an article, the newest first."""
    return list(db.session.scalars(select(Correction).where(Correction.article_id == article_id).order_by(Correction.at.desc())))
