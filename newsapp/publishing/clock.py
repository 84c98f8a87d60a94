"""What the clock has turned: embargoes that are over and stories whose time has ended, told to all that keep something of them.

Readers' pages ask the clock themselves; this is for lists and copies, for the history, and for the promise that it is on time.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import defer, selectinload

from newsapp.changes import touch
from newsapp.database import db, write_unit, writes
from newsapp.news.models import LIVE, Article
from newsapp.publishing.models import CLOCK, ArticleTurn, TurnedThrough
from newsapp.publishing.turns import record
from newsapp.traffic.upserts import insert_or_ignore

ROW = 1


def turn_due(at: datetime) -> int:
    """Carry out what was planned since the last time, also what a downtime has missed. Returns how many articles turned."""
    through = turned_through(at)
    if through >= at:
        return 0
    db.session.rollback()
    with writes():
        if not move(through, at):
            return 0
        articles = turned_between(through, at)
        for article in articles:
            note(article, through, at)
            touch(*article.touches())
        db.session.commit()
    return len(articles)


def turned_through(at: datetime) -> datetime:
    """How far it has come; a paper that has none yet begins now."""
    with db.engine.connect() as sql:
        moment: datetime | None = sql.scalar(select(TurnedThrough.moment))
    if moment is None:
        with write_unit() as unit:
            unit.execute(insert_or_ignore(unit, TurnedThrough.__table__), {"id": ROW, "moment": at})
        return at
    return moment


def move(old: datetime, new: datetime) -> bool:
    """Move on in the open transaction. False means another worker was first."""
    moved = update(TurnedThrough).where(TurnedThrough.id == ROW, TurnedThrough.moment == old).values(moment=new)
    return bool(db.session.execute(moved).rowcount == 1)  # type: ignore[attr-defined]


def between(through: datetime, at: datetime) -> ColumnElement[bool]:
    """The condition under which the clock has shown or ended an article in that time."""
    spans = [and_(column > through, column <= at) for column in (Article.published_at, Article.expires_at)]
    return and_(Article.state == LIVE, or_(*spans))


def turned_between(through: datetime, at: datetime) -> list[Article]:
    query = select(Article).where(between(through, at)).order_by(Article.id)
    return list(db.session.scalars(query.options(defer(Article.body), selectinload(Article.tags), selectinload(Article.authors))))


def note(article: Article, through: datetime, at: datetime) -> None:
    """Write into the history what was planned there, and has come."""
    if article.published_at and through < article.published_at <= at and was_planned(article, "embargo", article.published_at):
        record(article, "went_out", CLOCK, article.published_at)
    if article.expires_at and through < article.expires_at <= at:
        record(article, "ended", CLOCK, article.expires_at)


def was_planned(article: Article, action: str, moment: datetime) -> bool:
    """Whether an editor had planned it: what is published at once lies between two turns of the clock, too."""
    query = select(ArticleTurn.id).where(ArticleTurn.article_id == article.id, ArticleTurn.action == action, ArticleTurn.planned_for == moment)
    return db.session.scalar(query.limit(1)) is not None


def lateness(at: datetime) -> float:
    """Seconds that the oldest turn is late which the clock has brought and nobody has carried out; 0 when there is none."""
    through = db.session.scalar(select(TurnedThrough.moment))
    if through is None:
        return 0.0
    rows = db.session.execute(select(Article.published_at, Article.expires_at).where(between(through, at)))
    moments = [moment for row in rows for moment in row if moment and through < moment <= at]
    return (at - min(moments)).total_seconds() if moments else 0.0
