"""The ledger: received = counted + filtered + waiting, each measured apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

import redis
from flask import current_app
from sqlalchemy import Connection, func, select

from newsapp.database import db
from newsapp.traffic.counter import source_of
from newsapp.traffic.counting import START
from newsapp.traffic.events import BY_CODE, SPILLED, unpack
from newsapp.traffic.inbox import FIELD, pages_of, stream_key
from newsapp.traffic.models import article_views_daily, article_views_hourly, count_cursor, view_ledger
from newsapp.traffic.rollback import stream_state
from newsapp.traffic.spill import SpillFile, spill_files
from newsapp.traffic.spill_counting import offset


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


def balance(connection: redis.Redis) -> Balance:
    """The books as they stand. Received is what Redis and the spill files say, not a sum of the rest.

    Exact while everything runs: SQL is read in one snapshot, first; then each stream up to the end it
    has at that moment, and files up to their size. Raises RedisError when the inbox cannot be asked.
    """
    books = read_books()
    received, waiting = 0, 0
    for shard in range(current_app.config["SHARDS"]):
        added, events = read_shard(connection, shard, books)
        received, waiting = received + added, waiting + events
    for file in spill_files(current_app.config):
        records, left = read_spill_file(file, books)
        received, waiting = received + records, waiting + left
    received += removed_files(books)
    rest = received - books.counted - sum(books.filtered.values()) - waiting
    return Balance(received=received, counted=books.counted, filtered=books.filtered, waiting=waiting, balance=rest)


def read_books() -> Books:
    """Cursors and counts of one moment."""
    with db.engine.connect() as plain:
        repeatable = plain.execution_options(isolation_level="REPEATABLE READ") if plain.dialect.name == "postgresql" else plain
        with repeatable.begin():
            rows = repeatable.execute(select(count_cursor))
            cursors = {row.source: (row.pos, row.entries, row.events) for row in rows}
            counted = total(repeatable, article_views_hourly.c.views) + total(repeatable, article_views_daily.c.views)
            return Books(cursors, counted, filtered_by_reason(repeatable))


def total(connection: Connection, column: Any) -> int:
    return int(connection.scalar(select(func.coalesce(func.sum(column), 0))) or 0)


def filtered_by_reason(connection: Connection) -> dict[str, int]:
    query = select(view_ledger.c.reason, func.sum(view_ledger.c.events)).group_by(view_ledger.c.reason).order_by(view_ledger.c.reason)
    return {BY_CODE[reason].name: int(events) for reason, events in connection.execute(query)}


def read_shard(connection: redis.Redis, shard: int, books: Books) -> tuple[int, int]:
    """(events received, events waiting) of a shard."""
    stream = stream_key(shard)
    pos, entries, events = books.cursor(source_of(shard))
    last, added = stream_state(connection, stream)
    waiting_entries, waiting_events = read_waiting(connection, stream, pos, last)
    return added + (events - entries) + (waiting_events - waiting_entries), waiting_events


def read_waiting(connection: redis.Redis, stream: str, pos: str, last: str) -> tuple[int, int]:
    """(entries, events) between a cursor and the stream's end as it was."""
    entries = events = 0
    for page in pages_of(connection, stream, f"({pos}", last):
        entries += len(page)
        events += sum(events_in(fields.get(FIELD, b"")) for _, fields in page)
    return entries, events


def events_in(packed: bytes) -> int:
    """How many events an entry holds; one that cannot be read is booked as one."""
    try:
        return len(unpack(packed))
    except ValueError:
        return 1


def read_spill_file(file: SpillFile, books: Books) -> tuple[int, int]:
    """(records received, records waiting) of a spill file."""
    books.seen_files.add(file.source)
    records = file.size // SPILLED.size
    return records, records - offset(books.cursor(file.source)[0]) // SPILLED.size


def removed_files(books: Books) -> int:
    """Records of spill files that were counted and removed."""
    return sum(entries for source, (_, entries, _) in books.cursors.items() if source.startswith("spill:") and source not in books.seen_files)
