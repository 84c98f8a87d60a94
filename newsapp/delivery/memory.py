"""What a web process knows without asking anybody: copies of lists and settings, kept fresh by one thread.

Request threads only read here. The thread blocks on `news:changes`, fetches the copies in use twice
a second, and, once Redis has been silent for 2 s, reads changes and copies from SQL instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from newsapp import changes
from newsapp.copies import decode
from newsapp.database import db
from newsapp.delivery.shelf import copy_named
from newsapp.redis import for_copies

log = structlog.get_logger()

BLOCK_MS = 200  # how long one XREAD waits; below the connection's own timeout
FETCH_EVERY = 0.5  # seconds; how long a published list may wait before this process shows it
SILENCE = 2.0  # seconds without an answer after which SQL is asked
UNKNOWN = ""
READ_SQL_EVERY = 2.0  # seconds; what nobody could tell through Redis is found there
LOOK_BACK = 100  # change ids re-read from SQL, since a lower id may be committed after a higher one

Second = Callable[[redis.Redis], None]


class Memory:
    """Copies by name, each with a version that moves only when its value does."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.connection = for_copies(app.config)
        self.values: dict[str, Any] = {}
        self.versions: dict[str, int] = {}
        self.generation = 0  # moves when any version does
        self.wanted: set[str] = {"settings", "site", "hidden"}
        self.each_second: list[Second] = [self.fetch]
        self.always: list[Callable[[], None]] = []  # each second too, whether Redis answers or not
        self.on_change: list[Callable[[set[str]], None]] = []
        self.on_gap: list[Callable[[], None]] = []
        self.position = UNKNOWN
        self.seen_changes: set[int] = set()
        self.last_change = 0
        self.next_sql = 0.0
        self.heard = time.monotonic()
        self.fetched = 0.0
        self.fetched_as: dict[str, bytes] = {}  # copies as Redis had them: the same bytes need not be decoded again
        self.silent = False
        self.lock = threading.Lock()
        self.first = threading.Lock()

    def read(self, name: str) -> dict[str, Any]:
        """A copy's value. The first reader of a name waits for it once; from then on the thread keeps it."""
        value = self.values.get(name)
        return self.read_first(name) if value is None else value

    def read_first(self, name: str) -> dict[str, Any]:
        """Fetch a copy that nobody here has asked for yet: from Redis, or from SQL when that has none."""
        with self.first:
            if name not in self.values:
                self.wanted.add(name)
                self.keep(name, self.from_redis(name) or self.from_sql(name))
            return self.values[name]  # type: ignore[no-any-return]

    def from_redis(self, name: str) -> dict[str, Any] | None:
        try:
            return None if self.silent else decode(self.connection.get(f"news:{name}"))
        except redis.RedisError:
            return None

    def version(self, name: str) -> int:
        return self.versions.get(name, 0)

    def keep(self, name: str, value: dict[str, Any] | None) -> None:
        """Take a value in, unless it is older than what is here."""
        with self.lock:
            old = self.values.get(name)
            if value is None or value == old or (old and old["revision"] > value["revision"]):
                return
            self.values[name] = value
            self.versions[name] = self.version(name) + 1
            self.generation += 1

    def from_sql(self, name: str) -> dict[str, Any]:
        with self.app.app_context():
            return copy_named(name).build()

    def fetch(self, connection: redis.Redis) -> None:
        """Bring all copies in use from Redis; what it lacks comes from SQL."""
        self.fetched = time.monotonic()
        names = sorted(self.wanted)
        for name, raw in zip(names, connection.mget([f"news:{name}" for name in names]), strict=True):
            if isinstance(raw, bytes) and raw != self.fetched_as.get(name):
                self.keep(name, decode(raw))
                self.fetched_as[name] = raw
            if raw is None and name not in self.values:
                self.keep(name, self.from_sql(name))

    # The thread

    def start(self) -> None:
        """Load once, then keep fresh in the background for as long as the process lives."""
        self.begin()
        threading.Thread(target=self.run, name="memory", daemon=True).start()

    def begin(self) -> None:
        """Find where changes stand and load the copies; a dead Redis or database only delays that."""
        try:
            self.seen_changes = set(self.recent_changes())
            self.last_change = max(self.seen_changes, default=0)
        except SQLAlchemyError as error:
            log.warning("changes not readable at start", error=str(error))
        try:
            self.find_position()
            self.every_second()
        except (redis.RedisError, SQLAlchemyError) as error:
            log.warning("copies not loaded at start", error=str(error))

    def run(self) -> None:
        next_second = 0.0
        while True:
            due = time.monotonic() >= next_second
            if due:
                next_second = time.monotonic() + 1.0
            try:
                if due:
                    self.without_redis()
                self.listen()
                if due:
                    self.every_second()
                    self.read_changes_if_due()
                elif time.monotonic() - self.fetched >= FETCH_EVERY:
                    self.fetch(self.connection)
                self.answered()
            except redis.RedisError as error:
                self.unanswered(error)
            except Exception:
                log.exception("memory thread")
                time.sleep(0.5)

    def listen(self) -> None:
        """Wait a moment for changes and pass on what they touched. The position moves last: an error repeats, and harms nothing."""
        if self.position == UNKNOWN:
            self.find_position()
            self.gap()
        answer: Any = self.connection.xread({changes.STREAM: self.position}, count=changes.STREAM_LENGTH, block=BLOCK_MS)
        if not answer:
            return
        entries = answer[0][1]
        if len(entries) >= changes.STREAM_LENGTH:
            self.gap()
        names = changes.names_of(fields for _, fields in entries)
        self.pass_on(names)
        self.note_seen({int(fields[b"id"]) for _, fields in entries})
        if any(name.startswith("copy:") for name in names):
            self.fetch(self.connection)
        self.position = entries[-1][0].decode()

    def find_position(self) -> None:
        """Where the stream of changes ends now."""
        latest: Any = self.connection.xrevrange(changes.STREAM, count=1)
        self.position = latest[0][0].decode() if latest else "0-0"

    def note_seen(self, ids: set[int]) -> None:
        self.last_change = max([self.last_change, *ids])
        self.seen_changes = {change for change in self.seen_changes | ids if change > self.last_change - LOOK_BACK}

    def without_redis(self) -> None:
        for chore in self.always:
            chore()

    def every_second(self) -> None:
        for work in self.each_second:
            work(self.connection)

    def pass_on(self, names: set[str]) -> None:
        for listener in self.on_change:
            listener(names)

    def gap(self) -> None:
        """Changes may have been missed: everything cached is in doubt."""
        for listener in self.on_gap:
            listener()

    def answered(self) -> None:
        if self.silent:
            log.info("Redis answers again")
            self.gap()
        self.heard, self.silent = time.monotonic(), False

    def unanswered(self, error: redis.RedisError) -> None:
        """Redis did not answer. After a silence the database is asked, so that a takedown works without Redis."""
        if time.monotonic() - self.heard < SILENCE:
            time.sleep(0.1)
            return
        if not self.silent:
            log.warning("Redis is silent; changes are read from the database", error=str(error))
            self.silent = True
        self.read_changes_if_due()
        time.sleep(1.0)

    def read_changes_if_due(self) -> None:
        if time.monotonic() < self.next_sql:
            return
        self.next_sql = time.monotonic() + READ_SQL_EVERY
        try:
            self.read_changes()
        except SQLAlchemyError as failure:
            log.warning("changes not readable", error=str(failure))

    def read_changes(self) -> None:
        """Changes that the stream has not brought: Redis is silent, or answers and refuses to be written."""
        recent = self.recent_changes()
        fresh = {change: touched for change, touched in recent.items() if change not in self.seen_changes}
        if fresh:
            for name in sorted(self.wanted):
                self.keep(name, self.from_sql(name))
            self.pass_on({name for touched in fresh.values() for name in touched})
            self.note_seen(set(fresh))

    def recent_changes(self) -> dict[int, list[str]]:
        """The newest changes by number, with what each touched."""
        query = select(changes.Change.id, changes.Change.touched).order_by(changes.Change.id.desc()).limit(LOOK_BACK)
        with self.app.app_context(), db.engine.connect() as connection:
            return {row.id: row.touched for row in connection.execute(query)}
