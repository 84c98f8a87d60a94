"""The ledger: received = counted + filtered + waiting, each measured apart, for views and for signals."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict

import redis
from flask import current_app
from sqlalchemy import Connection, func, select

from newsapp.database import db
from newsapp.traffic.counting import START
from newsapp.traffic.events import BY_CODE, COUNTED, EVENTS, SPILLED, VIEWS
from newsapp.traffic.inbox import pages_of, stream_key
from newsapp.traffic.lines import LINES, Line, source_of
from newsapp.traffic.models import article_views_daily, article_views_hourly, count_cursor, view_ledger
from newsapp.traffic.rollback import stream_state
from newsapp.traffic.spill import SpillFile, spill_files
from newsapp.traffic.spill_counting import offset

BOT = "bot"
NO_CLASS = "of no class"


class Balance(TypedDict):
    """Events since the first day. `balance` is 0 when every one is accounted for."""

    received: int
    counted: int
    filtered: dict[str, int]
    waiting: int
    balance: int


@dataclass
class Books:
    """SQL's side, as of one snapshot: cursors as (pos, entries, events), and what was booked."""

    cursors: dict[str, tuple[str, int, int]]
    counted: int
    filtered: dict[str, int]
    seen_files: set[str] = field(default_factory=set)

    def cursor(self, source: str) -> tuple[str, int, int]:
        return self.cursors.get(source, (START, 0, 0))


def balance(connection: redis.Redis, stream: str = VIEWS) -> Balance:
    """The books of views, or of signals, as they stand. Received is what Redis and the spill files say, not a sum of the rest.

    Exact while everything runs: SQL is read in one snapshot, first; then each stream up to the end it
    has at that moment, and files up to their size. Raises RedisError when the inbox cannot be asked.
    """
    books = read_books(stream)
    received, waiting = 0, 0
    for line in lines_of(stream):
        for shard in range(current_app.config["SHARDS"]):
            added, events = read_shard(connection, shard, line, books)
            received, waiting = received + added, waiting + events
    for file in [file for file in spill_files(current_app.config) if file.stream == stream]:
        records, left = read_spill_file(file, books)
        received, waiting = received + records, waiting + left
    received += removed_files(books, stream)
    rest = received - books.counted - sum(books.filtered.values()) - waiting
    return Balance(received=received, counted=books.counted, filtered=books.filtered, waiting=waiting, balance=rest)


def lines_of(stream: str) -> list[Line]:
    """The streams whose events are booked together: what readers' pages tell and what apps do are both views."""
    return [line for line in LINES if line.kind.stream == stream]


@contextlib.contextmanager
def one_moment() -> Iterator[Connection]:
    """A connection that reads all as of one moment."""
    with db.engine.connect() as plain:
        repeatable = plain.execution_options(isolation_level="REPEATABLE READ") if plain.dialect.name == "postgresql" else plain
        with repeatable.begin():
            yield repeatable


def read_books(stream: str) -> Books:
    """Cursors and counts of one moment."""
    with one_moment() as sql:
        rows = sql.execute(select(count_cursor))
        cursors = {row.source: (row.pos, row.entries, row.events) for row in rows}
        reasons = booked_by_reason(sql, stream)
        counted = reasons.pop(COUNTED, 0)
        if stream == VIEWS:
            counted += total(sql, article_views_hourly.c.views) + total(sql, article_views_daily.c.views)
        return Books(cursors, counted, by_name(reasons))


def total(connection: Connection, column: Any) -> int:
    return int(connection.scalar(select(func.coalesce(func.sum(column), 0))) or 0)


def booked_by_reason(connection: Connection, stream: str) -> dict[int, int]:
    """What the ledger holds of a stream's kinds, by the code of the reason; signals that count stand there too, under none."""
    query = select(view_ledger.c.reason, func.sum(view_ledger.c.events)).group_by(view_ledger.c.reason).order_by(view_ledger.c.reason)
    kinds = [kind.code for kind in EVENTS if kind.stream == stream]
    return {reason: int(events) for reason, events in connection.execute(query.where(view_ledger.c.kind.in_(kinds)))}


def by_name(reasons: dict[int, int]) -> dict[str, int]:
    """The same by the reason's name: all classes of bots are one."""
    named: dict[str, int] = {}
    for reason, events in reasons.items():
        name = BY_CODE[reason].name
        named[name] = named.get(name, 0) + events
    return {name: events for name, events in named.items() if events}


def by_class(stream: str = VIEWS) -> dict[str, int]:
    """What is booked as a bot's, by the class of its agent."""
    with db.engine.connect() as sql:
        reasons = booked_by_reason(sql, stream)
    return {BY_CODE[reason].agent or NO_CLASS: events for reason, events in reasons.items() if reason and BY_CODE[reason].name == BOT and events}


def read_shard(connection: redis.Redis, shard: int, line: Line, books: Books) -> tuple[int, int]:
    """(events received, events waiting) of one stream of a shard."""
    key = stream_key(shard, line.stream)
    pos, entries, events = books.cursor(source_of(shard, line.stream))
    last, added = stream_state(connection, key)
    waiting_entries, waiting_events = read_waiting(connection, line, key, pos, last)
    return added + (events - entries) + (waiting_events - waiting_entries), waiting_events


def read_waiting(connection: redis.Redis, line: Line, stream: str, pos: str, last: str) -> tuple[int, int]:
    """(entries, events) between a cursor and the stream's end as it was; an entry that cannot be read is booked as one event."""
    entries = events = 0
    for page in pages_of(connection, stream, f"({pos}", last):
        entries += len(page)
        events += line.fold(page, line.kind)[0].size
    return entries, events


def read_spill_file(file: SpillFile, books: Books) -> tuple[int, int]:
    """(records received, records waiting) of a spill file."""
    books.seen_files.add(file.source)
    records = file.size // SPILLED.size
    return records, records - offset(books.cursor(file.source)[0]) // SPILLED.size


def removed_files(books: Books, stream: str) -> int:
    """Records of spill files that were counted and removed."""
    sources = {source: entries for source, (_, entries, _) in books.cursors.items() if source.startswith("spill:")}
    mine = {source: entries for source, entries in sources.items() if (".signals." in source or source.endswith(":signals")) is (stream != VIEWS)}
    return sum(entries for source, entries in mine.items() if source not in books.seen_files)
