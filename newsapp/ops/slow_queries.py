"""Slow queries: each process tells Redis of what took long, beside its work, and the board shows the latest. Values are never told."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

import redis
import structlog
from sqlalchemy import Engine, event

from newsapp.ops.figures import SlowQuery

log = structlog.get_logger()

KEY = "news:slow"
SLOW = 0.25  # seconds
KEPT = 50
SHOWN = 10
LONGEST = 300  # characters of a statement


class SlowQueries:
    """Listens to an engine. One telling at a time: what comes meanwhile is in the log alone."""

    def __init__(self, connection: redis.Redis, role: str) -> None:
        self.connection, self.role = connection, role
        self.telling = threading.Lock()

    def listen(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", self.begin)
        event.listen(engine, "after_cursor_execute", self.end)

    def begin(self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        connection.info["began"] = time.monotonic()

    def end(self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        seconds = time.monotonic() - connection.info["began"]
        if seconds < SLOW:
            return
        shown = " ".join(statement.split())[:LONGEST]
        log.warning("slow query", seconds=round(seconds, 3), statement=shown)
        if self.telling.acquire(blocking=False):
            line = json.dumps({"at": time.time(), "seconds": round(seconds, 3), "role": self.role, "statement": shown})
            threading.Thread(target=self.tell, args=(line,), name="slow-query", daemon=True).start()

    def tell(self, line: str) -> None:
        """A Redis that is gone has nobody wait."""
        try:
            with contextlib.suppress(redis.RedisError):
                self.connection.lpush(KEY, line)
                self.connection.ltrim(KEY, 0, KEPT - 1)
        finally:
            self.telling.release()


def read(connection: redis.Redis) -> tuple[SlowQuery, ...]:
    """The latest, newest first. Raises RedisError."""
    lines: Any = connection.lrange(KEY, 0, SHOWN - 1)
    rows = [json.loads(line) for line in lines]
    return tuple(SlowQuery(datetime.fromtimestamp(row["at"], UTC), row["seconds"], row["role"], row["statement"]) for row in rows)
