"""The inbox: one stream of Redis for each shard, filled by web processes."""

from __future__ import annotations

import contextlib
import enum
import gc
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import redis
import structlog
from redis.exceptions import BusyLoadingError, ResponseError

from newsapp.config import Config
from newsapp.redis import BEACON_TIMEOUT, for_beacons
from newsapp.traffic.events import STREAMS, VIEWS
from newsapp.traffic.wire import NotSent, Refusal, Silence, Wire, command, word

log = structlog.get_logger()

FIELD = b"e"
RELIEVED = 0.9  # of the limit; a full inbox has room again below that, so that it does not change its mind each second
PAGE = 10_000  # entries read at once

Entry = list[Any]  # [id, [name, value, …]], as Redis says it


def stream_key(shard: int, stream: str = VIEWS) -> str:
    """A stream of a shard; the braces keep all keys of a shard on one node of a cluster."""
    return f"{{{shard}}}{stream}"


def opening_of(key: str) -> bytes:
    """The command that adds an entry to a stream, all but the last word: the entry's events."""
    return command(b"XADD", key.encode(), b"*", FIELD, b"").removesuffix(word(b""))


class Outcome(enum.Enum):
    """What became of an event that was offered to the inbox."""

    STORED = enum.auto()
    NOT_SENT = enum.auto()  # certainly not stored: it may go to the spill
    UNKNOWN = enum.auto()  # sent, no answer: storing it again could count it twice


class Offer(NamedTuple):
    """An event that was let in. `number` chooses the shard: those of one number meet in one."""

    stream: str
    number: int
    packed: bytes
    at: float


class Inbox:
    """Adds events over a connection of each thread's own, without ever sending one twice."""

    def __init__(self, config: Config, anew: Callable[[redis.Redis], None] = lambda connection: None) -> None:
        self.anew = anew  # what to do with a server that was started anew, before it is given events
        self.run = ""  # the last one that this was done with
        self.pool: Any = for_beacons(config).connection_pool
        self.local = threading.local()
        self.shards: int = config["SHARDS"]
        self.keys = {stream: [stream_key(shard, stream) for shard in range(self.shards)] for stream in STREAMS}
        self.openings = {stream: [opening_of(key) for key in keys] for stream, keys in self.keys.items()}
        self.limit: int = config["INBOX_MEMORY"]
        self.up = True  # False from the first unanswered event until a PING is answered
        self.fault = "away"  # why the last event was not taken, as overload.CAUSES names it
        self.full = False
        self.lone = False  # while full: the next event is let in
        self.ours = True  # False while this Redis is another installation's

    def add(self, stream: str, number: int, packed: bytes) -> Outcome:
        """Offer an event (its 20 bytes). Those of one number meet in one shard, where repeats are told."""
        return self.ask(self.opening(stream, number) + word(packed))

    def add_fields(self, stream: str, number: int, fields: Mapping[bytes, bytes]) -> Outcome:
        """Offer an entry that has more than events."""
        key = self.keys[stream][number % self.shards].encode()
        return self.ask(command(b"XADD", key, b"*", *chain.from_iterable(fields.items())))

    def ask(self, sent: bytes) -> Outcome:
        if not self.takes():
            return Outcome.NOT_SENT
        try:
            self.wire().ask(sent)
        except Silence as error:
            return self.down(error, Outcome.UNKNOWN)
        except (Refusal, NotSent, redis.RedisError, OSError) as error:
            return self.down(error, Outcome.NOT_SENT)
        return Outcome.STORED

    def opening(self, stream: str, number: int) -> bytes:
        """The begin of the command that adds an entry where events of that number belong."""
        return self.openings[stream][number % self.shards]

    def takes(self) -> bool:
        """Whether Redis is to be asked. A full inbox takes one event a second: nothing is trimmed behind a cursor that stands still."""
        if self.why() == "full" and self.lone:
            self.lone = False
            return True
        return not self.why()

    def is_there(self) -> bool:
        """Whether Redis answers, as far as is known, and is ours."""
        return self.ours and self.up

    def why(self) -> str:
        """What keeps events out, as overload.CAUSES names it; empty while nothing does."""
        if not self.ours:
            return "foreign"
        if not self.up:
            return self.fault
        return "full" if self.full else ""

    def wire(self) -> Wire:
        """This thread's connection, opened anew when the server has closed it: else the first event after a restart had no answer."""
        try:
            wire: Wire = self.local.wire
        except AttributeError:
            wire = self.local.wire = self.new_wire()
        if not wire.is_good():
            self.open(wire)
        return wire

    def open(self, wire: Wire) -> None:
        """Connect anew. A server that was started anew is not given events before it was looked at: it may have come back older.

        Raises NotSent, RedisError or OSError.
        """
        wire.open()
        if wire.run != self.run:
            wire.close()
            raise NotSent("a server that was started anew")

    def new_wire(self) -> Wire:
        return Wire(self.pool, BEACON_TIMEOUT)

    def down(self, error: BaseException, outcome: Outcome) -> Outcome:
        if self.up:
            log.warning("the inbox does not take an event", error=str(error))
        refused = isinstance(error, Refusal | ResponseError | BusyLoadingError)
        self.fault = "hung" if outcome is Outcome.UNKNOWN else "refused" if refused else "away"
        self.up = False
        return outcome

    def check(self, connection: redis.Redis) -> None:
        """Once a second, in the background: does Redis answer, and is there room? Raises RedisError when it does not."""
        server: Any = connection.info("server")
        if server["run_id"] != self.run:
            self.anew(connection)
            self.run = server["run_id"]
        if not self.limit:
            memory: Any = connection.info("memory")
            self.limit = memory["maxmemory"] // 2
        used = sum(connection.memory_usage(key) or 0 for keys in self.keys.values() for key in keys)
        self.lone = self.full
        self.full = bool(self.limit) and used > self.limit * (RELIEVED if self.full else 1)
        self.up = True


def id_parts(text: str) -> tuple[int, int]:
    """A stream id as numbers that compare."""
    milliseconds, _, sequence = text.partition("-")
    return int(milliseconds), int(sequence or 0)


def seconds_of(entry_id: bytes | str) -> int:
    """The time in a stream id, in seconds since 1970."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    return int(text.partition("-")[0]) // 1000


def seconds_of_each(entries: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    """The seconds in the ids of entries that stand in their order, each with how many entries it has."""
    start = 0
    while start < len(entries):
        second = seconds_of(entries[start][0])
        end = bisect_right(entries, second, start, key=lambda entry: seconds_of(entry[0]))
        yield second, end - start
        start = end


@contextlib.contextmanager
def asking(connection: redis.Redis) -> Iterator[Any]:
    """A connection of a client's pool, for commands whose answers are not to be turned into dicts."""
    pool: Any = connection.connection_pool
    wire = pool.get_connection()
    try:
        yield wire
    except redis.RedisError:
        wire.disconnect()  # what it may still say belongs to nobody
        raise
    finally:
        pool.release(wire)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage meanwhile: among the lists that entries are, it takes several times as long as reading them, and finds none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_entries(connection: redis.Redis, stream: str, since: str, until: str = "+", count: int = PAGE) -> list[Entry]:
    """The first entries between two ids, both included unless written with (."""
    with asking(connection) as wire, uncollected():
        wire.send_command("XRANGE", stream, since, until, "COUNT", count)
        found: list[Entry] = wire.read_response()
    return found


def pages_of(connection: redis.Redis, stream: str, since: str, until: str) -> Iterator[list[Entry]]:
    """The entries between two ids, in pages."""
    while entries := read_entries(connection, stream, since, until):
        yield entries
        since = f"({entries[-1][0].decode()}"
