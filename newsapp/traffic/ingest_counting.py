"""Counting what apps report, each event id once.

Whether an id came before, and whether its visitor had the article in the same slot, is read from the
table `ingested_view` and written to it in the transaction that counts: a view may be a day late, and no
worker could keep a day in memory. All of an app meets in one source, whose cursor lets one worker through.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import compress
from typing import Any

import numpy as np
import redis
from flask import current_app
from sqlalchemy import Connection, delete, text

from newsapp.database import db, now, write_unit
from newsapp.traffic.counting import HOUR, Array, Batch, Overtaken, Views, cursor_of
from newsapp.traffic.events import COUNTED, INGEST, Events, Kind, code
from newsapp.traffic.inbox import Entry, read_entries, seconds_of, stream_key
from newsapp.traffic.ingest import LATEST, unpack_entry
from newsapp.traffic.judging import REPEAT, UNKNOWN, Judge
from newsapp.traffic.models import ingested_view
from newsapp.traffic.rules import Rules

DUPLICATE = code("duplicate")
DAY = int(LATEST.total_seconds())
REMEMBERED = DAY + HOUR  # seconds: an id's promise, and the longest slot


def fold_ingested(entries: list[Entry], kind: Kind) -> tuple[Batch, list[Entry]]:
    """The events of stream entries as one batch, and the entries that cannot be read.

    When an event happened is held between a day before it was received and that moment, so that a
    clock that jumped cannot send events into other years.
    """
    read: list[tuple[Events, Array]] = []
    ids: list[str] = []
    malformed: Counter[int] = Counter()
    broken = []
    for entry in entries:
        second = seconds_of(entry[0])
        try:
            packed = unpack_entry(entry[1])
        except ValueError:
            malformed[second // HOUR] += 1
            broken.append(entry)
            continue
        ids += packed.ids
        read.append((packed.events, np.where(packed.times, np.clip(packed.times.astype("i8"), second - DAY, second), second)))
    if not read:
        return Batch(malformed=malformed, kind=kind.code), broken
    events, at = (np.concatenate(part) for part in zip(*read, strict=True))
    return Batch(events, at, malformed, kind.code, tuple(ids)), broken


class Ingested(Views):
    """A batch of apps' views, judged. The rule's burst is not for them: an app is one sender, however many read with it."""

    def judged(self, judge: Judge, rules: Rules) -> Array:
        """`duplicate` for an id that came before, `repeat` for a visitor's same article in the same slot."""
        events = self.batch.events.copy()
        ids = self.batch.ids
        duplicate = came_before(ids)
        events["reason"][duplicate] = DUPLICATE  # in the event itself: so a recount, which knows no ids, keeps it
        self.batch = replace(self.batch, events=events)
        reasons = events["reason"].copy()
        reasons[(reasons == COUNTED) & ~self.live] = UNKNOWN
        open_ = [place for place in np.flatnonzero(reasons == COUNTED).tolist() if rules.at(int(self.batch.at[place]) // HOUR).repeat]
        marks = [self.mark(place, rules) for place in open_]
        repeat = came_before(marks)
        reasons[np.array(open_, "i8")[repeat]] = REPEAT
        self.fresh = sorted([*compress(ids, ~duplicate), *compress(marks, ~repeat)])
        return reasons

    def mark(self, place: int, rules: Rules) -> str:
        """Stands for an event's visitor, article and slot."""
        event, at = self.batch.events[place], int(self.batch.at[place])
        begin = at - at % rules.at(at // HOUR).slot
        what = f"{event['visitor']}|{event['article']}|{begin}".encode()
        return blake2b(what, digest_size=16, person=b"slot").hexdigest()

    def write(self, connection: Connection) -> None:
        """Add them and remember their ids, in the open transaction. Raises Overtaken."""
        remember(connection, self.fresh, now())
        super().write(connection)


def came_before(names: Sequence[str]) -> Array:
    """Which of some ids or marks are remembered, or stand in the list before."""
    with db.engine.connect() as connection:
        known = set(connection.scalars(text(KNOWN[connection.dialect.name]), {"names": list_for(connection, names)}))
    before = []
    for name in names:
        before.append(name in known)
        known.add(name)
    return np.array(before, bool)


def remember(connection: Connection, names: Sequence[str], at: datetime) -> None:
    """Note new ids and marks, in the open transaction. Raises Overtaken when another source's commit just had one of them."""
    if not names:
        return
    values = {"names": list_for(connection, names), "at": int(at.timestamp())}
    if connection.execute(text(NOTE[connection.dialect.name]), values).rowcount < len(names):
        raise Overtaken


def list_for(connection: Connection, names: Sequence[str]) -> Any:
    """All in one parameter: a long list of them would be a statement of its own each time."""
    return list(names) if connection.dialect.name == "postgresql" else json.dumps(list(names))


KNOWN = {
    "sqlite": "SELECT id FROM ingested_view WHERE id IN (SELECT value FROM json_each(:names))",
    "postgresql": "SELECT id FROM ingested_view WHERE id = ANY(:names)",
}
NOTE = {
    "sqlite": "INSERT OR IGNORE INTO ingested_view (id, at) SELECT value, :at FROM json_each(:names)",
    "postgresql": "INSERT INTO ingested_view (id, at) SELECT unnest(CAST(:names AS text[])), :at ON CONFLICT DO NOTHING",
}


def forget_ids(connection: redis.Redis, at: datetime) -> int:
    """Forget ids of which nothing received within a day of them still waits. Returns how many."""
    oldest = min([int(at.timestamp()), *(first_waiting(connection, shard) for shard in range(current_app.config["SHARDS"]))])
    with write_unit() as sql:
        return sql.execute(delete(ingested_view).where(ingested_view.c.at < oldest - REMEMBERED)).rowcount


def first_waiting(connection: redis.Redis, shard: int) -> float:
    """When the first entry that waits in a shard was received, in seconds since 1970; infinite when none does."""
    pos = cursor_of(f"ingest:{shard}")
    waiting = read_entries(connection, stream_key(shard, INGEST), f"({pos}", count=1)
    return seconds_of(waiting[0][0]) if waiting else float("inf")
