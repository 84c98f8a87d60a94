"""The inbox: one stream of Redis for each shard, filled by web processes in one command an event."""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterator
from typing import Any

import redis
import structlog
from redis.exceptions import BusyLoadingError, ResponseError

from newsapp.config import Config
from newsapp.redis import for_beacons

log = structlog.get_logger()

FIELD = b"e"
MOST = 10_000  # entries read at once, and in one commit: about 100 ms of SQLite's write lock

Entry = tuple[bytes, dict[bytes, bytes]]


def stream_key(shard: int) -> str:
    """The stream of a shard; the braces keep all keys of a shard on one node of a cluster."""
    return f"{{{shard}}}views"


class Outcome(enum.Enum):
    """What became of an event that was offered to the inbox."""

    STORED = enum.auto()
    NOT_SENT = enum.auto()  # certainly not stored: it may go to the spill
    UNKNOWN = enum.auto()  # sent, no answer: storing it again could count it twice


class Inbox:
    """Adds events over a connection of each thread's own, without ever sending one twice."""

    def __init__(self, config: Config) -> None:
        self.pool: Any = for_beacons(config).connection_pool
        self.local = threading.local()
        self.shards: int = config["SHARDS"]
        self.keys = [stream_key(shard).encode() for shard in range(self.shards)]
        self.limit: int = config["INBOX_MEMORY"]
        self.up = True  # False from the first unanswered event until a PING is answered
        self.full = False
        self.ours = True  # False while this Redis is another installation's

    def add(self, visitor: int, packed: bytes) -> Outcome:
        """Offer an event (its 20 bytes). A visitor's events meet in one shard, where repeats are told."""
        if not (self.up and self.ours) or self.full:
            return Outcome.NOT_SENT
        try:
            connection = self.connection()
        except (redis.RedisError, OSError) as error:
            return self.down(error, Outcome.NOT_SENT)
        try:
            connection.send_command(b"XADD", self.keys[visitor % self.shards], b"*", FIELD, packed)
            connection.read_response()
        except (ResponseError, BusyLoadingError) as error:
            return self.down(error, Outcome.NOT_SENT)  # refused: LOADING, OOM, READONLY, MISCONF
        except (redis.RedisError, OSError) as error:
            connection.disconnect()
            return self.down(error, Outcome.UNKNOWN)
        return Outcome.STORED

    def connection(self) -> Any:
        """This thread's connection, opened anew when the server has closed it."""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = self.pool.make_connection()
            connection.connect()
        elif not connection.is_connected or connection.can_read(timeout=0):
            connection.disconnect()
            connection.connect()
        return connection

    def down(self, error: Exception, outcome: Outcome) -> Outcome:
        if self.up:
            log.warning("inbox away; events go to the spill", error=str(error))
        self.up = False
        return outcome

    def check(self, connection: redis.Redis) -> None:
        """Once a second, in the background: does Redis answer, and is there room? Raises RedisError when it does not."""
        connection.ping()
        if not self.limit:
            memory: Any = connection.info("memory")
            self.limit = memory["maxmemory"] // 2
        used = sum(connection.memory_usage(key) or 0 for key in self.keys)
        self.full = bool(self.limit) and used > self.limit
        if not self.up:
            log.info("inbox answers again")
        self.up = True


def pages_of(connection: redis.Redis, stream: str, since: str, until: str) -> Iterator[list[Entry]]:
    """The entries between two ids, both included unless written with (, in pages."""
    while True:
        entries: Any = connection.xrange(stream, min=since, max=until, count=MOST)
        if not entries:
            return
        yield entries
        since = f"({entries[-1][0].decode()}"
