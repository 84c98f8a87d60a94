"""The guard of the lists: what editors have decided about single stories, and rules that hold for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.engine import Row

from newsapp.changes import touch
from newsapp.database import db
from newsapp.settings.store import effective, stored
from newsapp.traffic.busiest import Terms
from newsapp.traffic.models import list_guard
from newsapp.traffic.rows import EVER

PIN, HOLD_OUT = "pin", "hold_out"
SOON = timedelta(minutes=5)  # who comes back so soon is in the lists already, and left out by who reads them
LISTS = "lists"  # the name that a decision touches


@dataclass(frozen=True)
class Decision:
    """What an editor decided about one story: to stand at a place, or in no list, until a moment."""

    article_id: int
    action: str
    position: int
    reason: str
    until: int  # seconds since 1970
    editor: str


def in_force(sql: Connection, at: datetime) -> list[Decision]:
    """The decisions that hold at a moment, pins by their places."""
    table = list_guard.c
    query = select(table.article_id, table.action, table.position, table.reason, table.until, table.editor)
    rows: Iterable[Row[Any]] = sql.execute(query.where(table.until > int(at.timestamp())).order_by(table.position, table.article_id))
    return [Decision(**row._mapping) for row in rows]


def terms(sql: Connection, at: datetime, decisions: Iterable[Decision]) -> Terms:
    """What the lists that are made now leave out."""
    settings = effective(stored(sql)[1], "site")
    days = settings["most_viewed_max_age"]
    return Terms(
        held_out=frozenset(each.article_id for each in decisions if each.action == HOLD_OUT and each.until > (at + SOON).timestamp()),
        oldest=at - timedelta(days=days) if days else EVER,
        per_section=settings["most_viewed_per_section"],
        language=settings["language"],
    )


def decide(decision: Decision, at: datetime) -> None:
    """Put a decision in force, in the open transaction, in the place of an older one about the same story."""
    take_back(decision.article_id, at)
    db.session.execute(list_guard.insert().values(**vars(decision), at=int(at.timestamp())))
    touch(LISTS)


def take_back(article_id: int, at: datetime) -> None:
    """End what was decided about a story, in the open transaction; and forget decisions whose time is over."""
    table = list_guard.c
    db.session.execute(delete(list_guard).where((table.article_id == article_id) | (table.until <= int(at.timestamp()))))
    touch(LISTS)
