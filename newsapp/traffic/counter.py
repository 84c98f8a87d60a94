"""One turn of counting a shard's stream: read after the cursor, fold, commit, trim, publish."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
import structlog
from flask import current_app
from redis.exceptions import OutOfMemoryError

from newsapp.database import now
from newsapp.traffic import ranking
from newsapp.traffic.counting import Batch, Move, Slots, commit, cursor_of
from newsapp.traffic.events import SLOT, unpack
from newsapp.traffic.inbox import FIELD, MOST, Entry, pages_of, stream_key
from newsapp.traffic.installation import check_installation
from newsapp.traffic.rollback import mend_rollback
from newsapp.traffic.sums import ensure_windows

log = structlog.get_logger()

GATHER = 0.5  # seconds from the first event to the commit that counts it
LEASE_MS = 3000
PUBLISH_EVERY = 1.0  # seconds

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass
class ShardState:
    """Slots as they stand at a cursor. Worth nothing at any other."""

    pos: str
    slots: Slots


STATES: dict[int, ShardState] = {}  # of this process, by shard


def source_of(shard: int) -> str:
    return f"shard:{shard}"


def seconds_of(entry_id: bytes | str) -> int:
    """The time in a stream id, in seconds since 1970."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    return int(text.partition("-")[0]) // 1000


def never() -> bool:
    return False


def count_shard(shard: int, connection: redis.Redis, seconds: float = 4.0, stopping: Callable[[], bool] = never) -> int:
    """Count a shard for some seconds, or until asked to stop.

    Returns the events counted; 0 at once when another worker has the lease. The lease saves work
    only: without it nothing would be counted twice.
    """
    key, owner = f"{{{shard}}}lease", os.urandom(8).hex()
    if not take_lease(connection, key, owner, nx=True):
        return 0
    try:
        return Turn(shard, connection).run(seconds, lambda: take_lease(connection, key, owner, xx=True), stopping)
    finally:
        with contextlib.suppress(redis.RedisError):  # it ends by itself
            connection.eval(RELEASE, 1, key, owner)


def take_lease(connection: redis.Redis, key: str, owner: str, *, nx: bool = False, xx: bool = False) -> bool:
    """Take or keep the lease. At maxmemory Redis refuses to write it, and counting goes on without: only that makes room."""
    try:
        return bool(connection.set(key, owner, px=LEASE_MS, nx=nx, xx=xx))
    except OutOfMemoryError:
        return True


class Turn:
    """One worker's turn at one shard."""

    def __init__(self, shard: int, connection: redis.Redis, gather: float = GATHER) -> None:
        self.shard, self.connection, self.gather = shard, connection, gather
        self.source, self.stream = source_of(shard), stream_key(shard)
        self.changed: set[int] = set()
        self.published = 0.0

    def run(self, seconds: float, keep_lease: Callable[[], Any] = never, stopping: Callable[[], bool] = never) -> int:
        check_installation(self.connection)
        ensure_windows(now())
        mend_rollback(self.connection, self.source, self.stream)
        end, counted = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0 and not stopping():
            keep_lease()
            counted += self.count_once(min(left, 1.0))
            self.publish_if_due()
        self.publish()
        return counted

    def count_once(self, patience: float) -> int:
        """Wait up to `patience` seconds for events, gather and commit them. Returns how many."""
        old = cursor_of(self.source)
        if not self.connection.xread({self.stream: old}, count=1, block=max(1, int(patience * 1000))):
            return 0
        entries = self.read_after(old)
        if len(entries) < MOST:  # with a backlog there is nothing to wait for
            time.sleep(self.gather)
            entries = self.read_after(old)
        return self.count(old, entries, now()) if entries else 0

    def read_after(self, pos: str) -> list[Entry]:
        entries: Any = self.connection.xrange(self.stream, min=f"({pos}", count=MOST)
        return list(entries)

    def count(self, old: str, entries: list[Entry], at: datetime) -> int:
        slots = self.slots_at(old)
        batch, broken = fold(entries, slots)
        new = entries[-1][0].decode()
        if broken:
            keep_aside(self.shard, broken)
        changed = commit([Move(self.source, old, new, len(entries), batch.events)], batch, at)
        if changed is None:
            STATES.pop(self.shard, None)
            return 0
        STATES[self.shard] = ShardState(new, slots)
        self.changed |= changed
        self.trim(new)
        return batch.events

    def slots_at(self, pos: str) -> Slots:
        """The slots at a cursor: this process's own if it committed there, else built from the stream."""
        state = STATES.pop(self.shard, None)
        if state is not None and state.pos == pos:
            return state.slots
        slots = Slots()
        for entries in pages_of(self.connection, self.stream, start_of_memory(pos), pos):
            fold(entries, slots)
        return slots

    def trim(self, pos: str) -> None:
        """Drop what no worker will need again: all before the slot before the cursor's."""
        self.connection.xtrim(self.stream, minid=start_of_memory(pos), approximate=True)

    def publish_if_due(self) -> None:
        if self.changed and time.monotonic() - self.published >= PUBLISH_EVERY:
            self.publish()

    def publish(self) -> None:
        """Publish the lists that have changed; where Redis has no room for them, counting goes on and makes some."""
        if not self.changed:
            return
        try:
            ranking.publish(self.connection, self.changed, now())
        except OutOfMemoryError as error:
            log.error("lists not published", error=str(error))
            return
        self.changed, self.published = set(), time.monotonic()


def start_of_memory(pos: str) -> str:
    """The first stream id of the slot before the one that a cursor is in."""
    return f"{max(0, seconds_of(pos) // SLOT - 1) * SLOT * 1000}-0"


def fold(entries: list[Entry], slots: Slots) -> tuple[Batch, list[Entry]]:
    """What stream entries add up to, and those that cannot be read."""
    batch, broken = Batch(), []
    for entry_id, fields in entries:
        at = seconds_of(entry_id)
        try:
            events = unpack(fields[FIELD])
        except (ValueError, KeyError):
            batch.add_malformed(at)
            broken.append((entry_id, fields))
            continue
        for event in events:
            happened = at - event.value
            batch.add(event, happened, slots.reason(event, happened))
    return batch, broken


def keep_aside(shard: int, entries: list[Entry]) -> None:
    """Keep entries that cannot be read in a side file, for whoever looks into it."""
    folder = Path(current_app.config["NEWSAPP_HOME"]) / "malformed"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"shard-{shard}.jsonl", "a") as side:
        for entry_id, fields in entries:
            shown = {name.decode(errors="replace"): value.hex() for name, value in fields.items()}
            side.write(json.dumps({"id": entry_id.decode(), "fields": shown}) + "\n")
    log.error("entries that cannot be read are booked malformed", shard=shard, entries=len(entries), kept_in=str(folder))
