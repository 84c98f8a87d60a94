"""What a commit touched: a row in the same transaction, told to every web process after it.

A new copy is told the same way, as `copy:settings`, without a row. Names touched are `article:12`,
`section:3`, `tag:5`, `author:2`, `page:4`, `front`, `site` and `settings`; a cached page drops when
it depends on one of them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

import redis
from flask import current_app
from sqlalchemy import JSON, Boolean, Integer, delete, false, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment, db, now, write_unit

STREAM = "news:changes"
STREAM_LENGTH = 1000
PURGE = "news:purge"  # names that the CDN is to forget, each with the moment of its last change
KEPT = timedelta(days=7)


class Change(Model):
    """One commit's list of touched names."""

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    touched: Mapped[list[str]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    told: Mapped[bool] = mapped_column(Boolean, default=False, index=True)


def touch(*names: str) -> None:
    """Note in the open transaction what it touches; told after the commit, never after a rollback."""
    db.session.add(Change(touched=sorted(set(names))))


def tell(connection: redis.Redis) -> int:
    """Copy changes not yet told to the stream. Telling twice is harmless, so the mark comes after. Returns how many."""
    with db.engine.connect() as reading:
        rows = reading.execute(select(Change.id, Change.touched).where(Change.told == false()).order_by(Change.id).limit(500)).all()
    for change_id, touched in rows:
        connection.xadd(STREAM, {"id": change_id, "touched": json.dumps(touched)}, maxlen=STREAM_LENGTH, approximate=True)
    if rows and current_app.config["CDN"]:
        connection.zadd(PURGE, dict.fromkeys({name for _, touched in rows for name in touched}, time.time()))
    if rows:
        with write_unit() as writing:
            writing.execute(update(Change).where(Change.id.in_([row.id for row in rows])).values(told=True))
    return len(rows)


def forget(at: datetime) -> None:
    """Drop changes that were told a week ago; the newest stays, since its number is what copies are compared by."""
    with write_unit() as writing:
        newest = writing.scalar(select(func.max(Change.id)))
        old = delete(Change).where(Change.told, Change.at < at - KEPT, Change.id != newest)
        writing.execute(old)


def tell_copy(connection: redis.Redis, name: str) -> None:
    """Tell every web process that a copy is new, so that it is fetched now and not within a second."""
    connection.xadd(STREAM, {"id": 0, "touched": json.dumps([f"copy:{name}"])}, maxlen=STREAM_LENGTH, approximate=True)


def names_of(entries: Iterable[dict[bytes, bytes]]) -> set[str]:
    """All names that stream entries tell of."""
    return {name for fields in entries for name in json.loads(fields[b"touched"])}
