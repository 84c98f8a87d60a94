"""What the machine room knows of itself: one small function a question, in commands whose cost does not grow with the paper."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

import redis
from flask import current_app
from redis.exceptions import ResponseError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import false, func, select, text

from newsapp.changes import Change
from newsapp.database import db, now
from newsapp.delivery.shelf import COPIES
from newsapp.news.models import Section
from newsapp.ops import slow_queries, timings, worker_notes
from newsapp.ops.figures import (
    CopyFigures,
    Figures,
    InboxFigures,
    ListAge,
    PageCacheFigures,
    QueueFigures,
    RedisFigures,
    SpillFigures,
    Turn,
    WorkerFigures,
)
from newsapp.ops.metrics import page_cache_values
from newsapp.ops.models import WATCH, alert
from newsapp.publishing.clock import lateness
from newsapp.queues import QUEUES, queue
from newsapp.redis import RedisError, client
from newsapp.traffic.asked import SITE, scope_of
from newsapp.traffic.counting import START
from newsapp.traffic.events import SIGNALS, SPILLED, VIEWS
from newsapp.traffic.inbox import stream_key
from newsapp.traffic.kept import kept_hours
from newsapp.traffic.ledger import Balance, balance, lines_of
from newsapp.traffic.lines import BY_STREAM, source_of
from newsapp.traffic.models import count_cursor, recounted_hour, schedule_state
from newsapp.traffic.overload import stands
from newsapp.traffic.releasing import held_events
from newsapp.traffic.spill import SpillFile, spill_files
from newsapp.traffic.spill_counting import offset, read_records
from newsapp.traffic.windows import WINDOWS

PATIENCE = 0.4  # seconds for one answer of Redis: the board must stand within a second without it
MISSED = 50.0  # seconds after which a worker that was not heard takes no jobs, as far as anybody knows
HEAD = 300  # bytes at the start of a list, in which its time stands: no list is fetched whole for that alone
REVISION = re.compile(rb'"revision":\s*(\d+)')
AS_OF = re.compile(rb'"as_of":\s*"([^"]+)"')
BOOKS_KEPT = 10.0  # seconds; the books are sums over whole tables
BOOKS_SHARE = 20  # and are kept that many times longer than making them took
Cursors = dict[str, tuple[str, int]]  # (position, entries counted) by source
RECOUNTED_LATELY = 8 * 24 * 3600  # seconds; a sample of hours is drawn every day
BACKLOG = 50_000  # entries above which the last books stand: what waits would have to be read


def read() -> Figures:
    """The figures of this moment. Never raises for Redis's sake."""
    at, found = now(), cursors()
    connection = client(current_app.config["REDIS_URL"], timeout=PATIENCE)
    try:
        mine: dict[str, Any] = read_redis(connection, at, found)
    except RedisError as error:
        mine = {"redis": None, "why_not": str(error), "inbox": None, "lists": (), "queues": (), "workers": (), **UNKNOWN._asdict()}
    finally:
        connection.close()
    rest: dict[str, Any] = {
        "turns": turns(at), "untold": untold(at), "database_size": database_size(), "kept_hours": len(kept_hours()), "recount_off": recount_off(at),
        "turn_late": lateness(at), "page_cache": page_cache(), **alerts_waiting(at),
    }  # fmt: skip
    return Figures(at=at, **mine, **rest, spill=spill(found, at), stands=stands(current_app.config))


def cursors() -> Cursors:
    rows = db.session.execute(select(count_cursor.c.source, count_cursor.c.pos, count_cursor.c.entries))
    return {row.source: (row.pos, row.entries) for row in rows}


def read_redis(connection: redis.Redis, at: datetime, found: Cursors) -> dict[str, Any]:
    """What only Redis knows. Raises RedisError at its first silence, so that silence is waited for once."""
    return {
        "redis": redis_itself(connection),
        "why_not": "",
        "inbox": (waits := inbox(connection, found)),
        "lists": lists(connection, at),
        "workers": (heard := workers(connection, at)),
        "queues": lines(connection, at, heard),
        "times": timings.read(connection, at),
        "copies": copies(connection),
        "slow": slow_queries.read(connection),
        **BOOKS.read(connection, waits.waiting + inbox(connection, found, SIGNALS).waiting)._asdict(),
    }


def redis_itself(connection: redis.Redis) -> RedisFigures:
    info: Any = connection.info()
    return RedisFigures(
        version=f"{'Valkey' if 'valkey_version' in info else 'Redis'} {info.get('valkey_version', info['redis_version'])}",
        used=info["used_memory"],
        limit=info["maxmemory"],
        persists=bool(info["aof_enabled"]),
        last_write_ok=info.get("aof_last_write_status", "ok") == "ok",
        policy=info.get("maxmemory_policy", ""),
        evicted=info.get("evicted_keys", 0),
        clients=info.get("connected_clients", 0),
        up=info.get("uptime_in_seconds", 0),
    )


def inbox(connection: redis.Redis, found: Cursors, stream: str = VIEWS) -> InboxFigures:
    """By Redis's own counter less the cursor's, which costs the same however much waits."""
    waiting, oldest = 0, 0.0
    for shard, line in product(range(current_app.config["SHARDS"]), lines_of(stream)):
        pos, counted = found.get(source_of(shard, line.stream), (START, 0))
        key = stream_key(shard, line.stream)
        waiting += max(0, entries_added(connection, key) - counted)
        oldest = max(oldest, oldest_age(connection, key, pos))
    return InboxFigures(waiting, oldest)


def entries_added(connection: redis.Redis, key: str) -> int:
    try:
        info: Any = connection.xinfo_stream(key)
    except ResponseError:  # no such stream: nobody has read a story yet
        return 0
    return int(info["entries-added"])


def oldest_age(connection: redis.Redis, key: str, pos: str) -> float:
    """Seconds that the first entry after the cursor has waited, by Redis's own clock."""
    found: Any = connection.xrange(key, min=f"({pos}", count=1)
    if not found:
        return 0.0
    seconds, microseconds = connection.time()
    return max(0.0, seconds + microseconds / 1e6 - int(found[0][0].partition(b"-")[0]) / 1000)


def lists(connection: redis.Redis, at: datetime) -> tuple[ListAge, ...]:
    scopes = [SITE, *(scope_of(section_id) for section_id in db.session.scalars(select(Section.id).order_by(Section.id)))]
    wanted = [(scope, window.slug) for scope in scopes for window in WINDOWS]
    pipeline = connection.pipeline(transaction=False)
    for scope, window in wanted:
        pipeline.getrange(f"news:list:{scope}:{window}", 0, HEAD)
    found = ((scope, window, AS_OF.search(value)) for (scope, window), value in zip(wanted, pipeline.execute(), strict=True) if value)
    return tuple(ListAge(scope, window, (at - datetime.fromisoformat(match[1].decode())).total_seconds()) for scope, window, match in found if match)


def workers(connection: redis.Redis, at: datetime) -> tuple[WorkerFigures, ...]:
    found = Worker.all(connection=connection, serializer=JSONSerializer)
    notes = worker_notes.read(connection, [worker.name for worker in found])
    return tuple(sorted((worker_line(worker, notes[worker.name], at) for worker in found), key=lambda each: (each.queues, each.name)))


def worker_line(worker: Any, note: worker_notes.WorkerNote, at: datetime) -> WorkerFigures:
    """Heard of is a worker by RQ, which may take most of a minute between two heartbeats, or by its own note."""
    heard = min(note.age, max(0.0, (at - worker.last_heartbeat).total_seconds()) if worker.last_heartbeat else float("inf"))
    return WorkerFigures(
        worker.name, ", ".join(worker.queue_names()), str(worker.get_state()), heard, worker.get_current_job_id() or "", note.memory, note.is_quiet
    )


def lines(connection: redis.Redis, at: datetime, heard: tuple[WorkerFigures, ...]) -> tuple[QueueFigures, ...]:
    """Each queue, in two round trips for all."""
    names = [record.name for record in QUEUES]
    pipeline = connection.pipeline(transaction=False)
    for name in names:
        mine = queue(name, connection)
        pipeline.llen(mine.key)
        pipeline.zcard(mine.failed_job_registry.key)
        pipeline.get(timings.minute_key(name, at.timestamp() - 60))
        pipeline.lindex(mine.key, 0)
    answers = pipeline.execute()
    rows = [answers[4 * place : 4 * place + 4] for place in range(len(names))]
    oldest = waits(connection, at, [first.decode() if first else "" for *_, first in rows])
    return tuple(
        QueueFigures(record.name, record.help, depth, failed, takers(record.name, heard), age, int(rate or 0))
        for record, (depth, failed, rate, _), age in zip(QUEUES, rows, oldest, strict=True)
    )


def takers(name: str, heard: tuple[WorkerFigures, ...]) -> int:
    """Workers that take jobs of a queue. RQ lists one that was killed for two minutes more."""
    return sum(name in worker.queues.split(", ") and not worker.is_quiet and worker.heard < MISSED for worker in heard)


def waits(connection: redis.Redis, at: datetime, ids: list[str]) -> list[float]:
    """Seconds that each of some jobs has waited; 0 for one that is gone."""
    pipeline = connection.pipeline(transaction=False)
    for job_id in ids:
        pipeline.hget(f"rq:job:{job_id}", "enqueued_at")
    times = [datetime.fromisoformat(said.decode()) if said else at for said in pipeline.execute()]
    return [max(0.0, (at - (each if each.tzinfo else each.replace(tzinfo=UTC))).total_seconds()) for each in times]


def copies(connection: redis.Redis) -> tuple[CopyFigures, ...]:
    """By their heads, in which the revision stands."""
    pipeline = connection.pipeline(transaction=False)
    for copy in COPIES:
        pipeline.getrange(copy.key, 0, HEAD)
        pipeline.strlen(copy.key)
    answers = pipeline.execute()
    rows = zip(COPIES, answers[::2], answers[1::2], strict=True)
    return tuple(CopyFigures(copy.name, int(found[1]) if (found := REVISION.search(head)) else None, size) for copy, head, size in rows)


class Books(NamedTuple):
    """The balances of both streams, and how many views are held. None where nobody can say."""

    books: Balance | None
    signals: Balance | None
    held: int | None


UNKNOWN = Books(None, None, None)


class KeptBooks:
    """The books, kept for a while: many boards may be open, and the tables are large."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[str, tuple[Books, float]] = {}  # by database: tests have several

    def read(self, connection: redis.Redis, waiting: int) -> Books:
        """The books, at most some seconds old, or older while a backlog waits. Raises RedisError."""
        key = current_app.config["DATABASE_URL"]
        with self.lock:
            kept = self.kept.get(key)
            if kept is None or (time.monotonic() > kept[1] and waiting < BACKLOG):
                began = time.monotonic()
                made = Books(balance(connection), balance(connection, SIGNALS), held_events(now()))
                kept = self.kept[key] = (made, time.monotonic() + max(BOOKS_KEPT, BOOKS_SHARE * (time.monotonic() - began)))
            return kept[0]


BOOKS = KeptBooks()


def spill(found: Cursors, at: datetime) -> SpillFigures:
    files = spill_files(current_app.config)
    oldest = min((since for file in files if (since := waits_since(file, found)) is not None), default=at.timestamp())
    return SpillFigures(len(files), sum(file.size for file in files), max(0.0, at.timestamp() - oldest))


def waits_since(file: SpillFile, found: Cursors) -> int | None:
    """When the first uncounted event of a file was spilled, in seconds since 1970; None when all are counted."""
    start = offset(found.get(file.source, (START, 0))[0])
    if start >= file.size:
        return None
    try:
        first = read_records(file, start, start + SPILLED.size, BY_STREAM[file.stream].kind)
    except FileNotFoundError:  # counted and removed a moment ago
        return None
    return int(first.at[0]) if len(first.events) else file.opened_at


def turns(at: datetime) -> tuple[Turn, ...]:
    """When each job of the schedule was last at it."""
    periods: dict[str, Any] = current_app.extensions.get("periods", {})
    rows = db.session.execute(select(schedule_state).where(schedule_state.c.job != WATCH).order_by(schedule_state.c.job))
    return tuple(turn(row, periods.get(row.job), int(at.timestamp())) for row in rows)


def turn(row: Any, period: int | None, moment: int) -> Turn:
    due_in = row.through + period - moment if period else None
    return Turn(row.job, row.started, row.finished, moment - row.started, due_in is not None and due_in < -2 * (period or 0) - 10, due_in)


def recount_off(at: datetime) -> int | None:
    """By how many views the tables differ from the kept events of the hours that were counted again lately."""
    lately = recounted_hour.c.at > int(at.timestamp()) - RECOUNTED_LATELY
    hours, off = db.session.execute(select(func.count(), func.sum(recounted_hour.c.off)).where(lately)).one()
    return int(off) if hours else None


def page_cache() -> PageCacheFigures | None:
    """What the web processes of this machine say."""
    values = page_cache_values()
    if not values["processes"]:
        return None
    limit = int(values["processes"]) * current_app.config["PAGE_CACHE_MEMORY"]
    return PageCacheFigures(int(values["processes"]), int(values["pages"]), int(values["bytes"]), limit)


def alerts_waiting(at: datetime) -> dict[str, Any]:
    """How long the oldest alert waits to be taken, and what was said last against one."""
    unsent = alert.c.sent == 0
    made, error = db.session.execute(
        select(func.min(alert.c.made), select(alert.c.error).where(unsent).order_by(alert.c.tries.desc()).limit(1).scalar_subquery()).where(unsent)
    ).one()
    return {"alerts_wait": max(0.0, at.timestamp() - made) if made else 0.0, "alerts_error": error or ""}


def untold(at: datetime) -> float:
    oldest = db.session.scalar(select(func.min(Change.at)).where(Change.told == false()))
    return (at - oldest).total_seconds() if oldest else 0.0


def database_size() -> int:
    """Bytes on disk."""
    if db.engine.dialect.name == "sqlite":
        return int(db.session.scalar(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")) or 0)
    return int(db.session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
