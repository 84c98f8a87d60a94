"""One turn of counting a shard's stream: read after the cursor, fold, commit, trim, publish."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import redis
import structlog
from flask import current_app
from redis.exceptions import OutOfMemoryError
from sqlalchemy import Connection

from newsapp.database import now
from newsapp.traffic import ranking
from newsapp.traffic.counting import HOUR, START, Move, Views, commit, cursor_of
from newsapp.traffic.days import SITE_ZONE
from newsapp.traffic.events import RECORD, SLOT, VIEWS
from newsapp.traffic.inbox import Entry, pages_of, read_entries, seconds_of, stream_key, uncollected
from newsapp.traffic.installation import check_installation
from newsapp.traffic.judging import Judge
from newsapp.traffic.kept import Follower, Keeper, note_kept, records_of
from newsapp.traffic.lately import is_read_elsewhere
from newsapp.traffic.lines import BY_STREAM, LINES, source_of
from newsapp.traffic.malformed import keep_aside
from newsapp.traffic.rollback import mend_rollback
from newsapp.traffic.rules import KNOWN
from newsapp.traffic.signals import Signals
from newsapp.traffic.sums import apply_sums, ensure_windows
from newsapp.traffic.uniques import adding_visitors

log = structlog.get_logger()

GATHER = 0.4  # seconds from the first event to the commit that counts it
LEAST, MOST = 10_000, 400_000  # events of a commit while nothing presses, and while a backlog is worked off
COMMIT = 1.0  # seconds that a commit may hold SQLite's write lock, and an editor's save wait, while a backlog is worked off
LEASE_MS = 3000
PUBLISH_EVERY = 0.5  # seconds

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass
class ShardState:
    """What judging remembers at a cursor. Worth nothing at any other, but as a start from which to follow what others counted."""

    pos: str
    judge: Judge
    follower: Follower


STATES: dict[str, ShardState] = {}  # of this process, by source
KEEPERS: dict[Path, Keeper] = {}  # by home: tests have several


def never() -> bool:
    return False


def count_shard(shard: int, connection: redis.Redis, seconds: float = 4.0, stopping: Callable[[], bool] = never) -> int:
    """Count a shard's views for some seconds, or until asked to stop, and then what waits in its other streams.

    Returns the views counted; 0 at once when another worker has the lease. The lease saves work
    only: without it nothing would be counted twice.
    """
    key, owner = f"{{{shard}}}lease", os.urandom(8).hex()
    if not take_lease(connection, key, owner, nx=True):
        return 0
    try:
        counted = Turn(shard, connection).run(seconds, lambda: take_lease(connection, key, owner, xx=True), stopping)
        for line in LINES[1:]:
            Turn(shard, connection, line.stream).count_waiting()
        return counted
    finally:
        with contextlib.suppress(redis.RedisError):  # it ends by itself
            connection.eval(RELEASE, 1, key, owner)


def take_lease(connection: redis.Redis, key: str, owner: str, *, nx: bool = False, xx: bool = False) -> bool:
    """Take or keep the lease. At maxmemory Redis refuses to write it, and counting goes on without: only that makes room."""
    try:
        if nx and connection.pttl(key) > LEASE_MS:  # taken before the server's clock was set back: it would hold for that long
            connection.delete(key)
        return bool(connection.set(key, owner, px=LEASE_MS, nx=nx, xx=xx))
    except OutOfMemoryError:
        return True


class Turn:
    """One worker's turn at one stream of a shard."""

    def __init__(self, shard: int, connection: redis.Redis, stream: str = VIEWS, gather: float = GATHER) -> None:
        self.shard, self.connection, self.gather = shard, connection, gather
        self.line = BY_STREAM[stream]
        self.source, self.stream = source_of(shard, stream), stream_key(shard, stream)
        self.most, self.together = LEAST, self.line.together  # events of a commit, and of an entry as last seen
        self.changed: set[int] = set()
        self.published = 0.0

    def run(self, seconds: float, keep_lease: Callable[[], Any] = never, stopping: Callable[[], bool] = never) -> int:
        """Count what comes for some seconds, and publish what that changes. Returns how many events."""
        self.prepare()
        end, counted = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0 and not stopping():
            keep_lease()
            counted += self.count_once(min(left, 1.0))
            self.publish_if_due()
        self.publish()
        return counted

    def count_waiting(self) -> int:
        """Count what waits now. Returns how many events."""
        self.prepare()
        counted = 0
        while events := self.count(old := cursor_of(self.source), self.read_after(old)):
            counted += events
        return counted

    def prepare(self) -> None:
        check_installation(self.connection)
        ensure_windows(now())
        mend_rollback(self.connection, self.source, self.stream)

    def count_once(self, patience: float) -> int:
        """Wait up to `patience` seconds for events, gather and commit them. Returns how many."""
        old = cursor_of(self.source)
        if not self.connection.xread({self.stream: old}, count=1, block=max(1, int(patience * 1000))):
            return 0
        entries = self.read_after(old)
        if len(entries) * self.together < LEAST:  # with a backlog there is nothing to wait for
            time.sleep(self.gather)
            entries = self.read_after(old)
        return self.count(old, entries)

    def read_after(self, pos: str) -> list[Entry]:
        """The entries after a position that one commit may take: all of one hour, so that its memory is of one hour."""
        entries = self.enough(read_entries(self.connection, self.stream, f"({pos}", count=max(1, self.most // self.together)))
        if entries and seconds_of(entries[0][0]) // HOUR != seconds_of(entries[-1][0]) // HOUR:
            hour = seconds_of(entries[0][0]) // HOUR
            entries = [entry for entry in entries if seconds_of(entry[0]) // HOUR == hour]
        return entries

    def enough(self, entries: list[Entry]) -> list[Entry]:
        """As many as hold the events of one commit, but one at least."""
        events = np.cumsum(np.fromiter(map(len, [fields[1] for _, fields in entries]), "i8", len(entries)) // RECORD.size)
        if not len(events):
            return []
        self.together = max(1, int(events[-1]) // len(entries))
        return entries[: max(1, int(np.searchsorted(events, self.most, "right")))]

    @uncollected()
    def count(self, old: str, entries: list[Entry]) -> int:
        """Commit what entries add up to. Returns how many events; 0 when another worker was first."""
        if not entries:
            return 0
        new = entries[-1][0].decode()
        batch, broken = self.line.fold(entries, self.line.kind)
        if broken:
            keep_aside(self.source, broken)
        state = self.state_at(old, seconds_of(new))
        judged = self.line.judged(batch, state.judge, KNOWN.read(), SITE_ZONE.read())
        if not self.commit(Move(self.source, old, new, len(entries), batch.size), judged):
            return 0
        STATES[self.source] = ShardState(new, state.judge, state.follower)
        self.trim(new)
        return batch.size

    def commit(self, move: Move, judged: Views | Signals) -> bool:
        """False: another worker was first. What was kept aside meanwhile is then harmless."""
        numbers = self.keep(move, judged) if self.line.kept else {}

        def write(connection: Connection) -> None:
            judged.write(connection)
            note_kept(connection, numbers)

        with adding_visitors(self.connection, judged.batch, judged.reasons):
            began = time.monotonic()
            done = commit([move], write, now())
            self.fit(time.monotonic() - began)
        return done

    def keep(self, move: Move, judged: Views | Signals) -> dict[int, int]:
        """Keep the events, before the commit: what a file holds beside what was committed is never read."""
        return keeper().keep(move.source, move.old, move.new, records_of(judged.batch.events, judged.batch.at, judged.reasons))

    def fit(self, seconds: float) -> None:
        """Take more at once while a backlog waits and commits are short; less when an editor's save would have to wait for one."""
        self.most = min(MOST, self.most * 4) if seconds < COMMIT / 2 else max(LEAST, self.most // 2) if seconds > COMMIT else self.most

    def state_at(self, pos: str, second: int) -> ShardState:
        """What judging remembers at a cursor: this process's own, brought up to it by what others kept and by the stream's last minute."""
        state = STATES.pop(self.source, None)
        if state is not None and state.pos == pos:
            return state
        state = state or ShardState(START, new_judge(), Follower(current_app.config, self.source))
        if not self.line.remembers:
            return ShardState(pos, new_judge(), state.follower)
        judge = new_judge()
        judge.networks = state.judge.networks
        hours = [second // HOUR - 1, second // HOUR]
        for chunk in state.follower.between(state.pos, pos, hours) if self.line.kept else ():
            judge.remember(chunk.records["event"], chunk.records["at"].astype("i8"), chunk.records["reason"])
        for entries in pages_of(self.connection, self.stream, start_of_memory(pos), pos):
            batch, _ = self.line.fold(entries, self.line.kind)
            judge.recall(batch.events, batch.at)
        return ShardState(pos, judge, state.follower)

    def trim(self, pos: str) -> None:
        """Drop what no worker will need again: all before the slot before the cursor's, where judging remembers it."""
        self.connection.xtrim(self.stream, minid=start_of_memory(pos) if self.line.remembers else pos, approximate=True)

    def publish_if_due(self) -> None:
        if time.monotonic() - self.published >= PUBLISH_EVERY:
            self.publish()

    def publish(self) -> None:
        """Bring the sums up to what was counted, and publish the lists that this changes.

        Where Redis has no room for them, counting goes on and makes some.
        """
        self.changed |= apply_sums()
        self.published = time.monotonic()
        if not self.changed:
            return
        try:
            ranking.publish(self.connection, self.changed, now())
        except OutOfMemoryError as error:
            log.error("lists not published", error=str(error))
            return
        self.changed = set()


def new_judge() -> Judge:
    return Judge(elsewhere=is_read_elsewhere)


def keeper() -> Keeper:
    """This process's files of kept events."""
    config = current_app.config
    return KEEPERS.setdefault(Path(config["NEWSAPP_HOME"]), Keeper(config))


def start_of_memory(pos: str) -> str:
    """The first stream id of the slot before the one that a cursor is in."""
    return f"{max(0, seconds_of(pos) // SLOT - 1) * SLOT * 1000}-0"
