"""How jobs do: a small ring of the latest runs of each, jobs by the minute, and a history by the day. Kept in Redis, told by workers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import redis

from newsapp.ops.figures import JobTimes

RING = 64  # runs of each job
NAMES = "news:ran"  # which jobs have a ring, by when they last ran
FORGOTTEN = 8 * 24 * 3600  # seconds after which a job that no longer runs leaves the list
MINUTES = 180  # seconds that the jobs of a minute are kept
HISTORY_DAYS = 180
SPANS = (7, 30, 90, HISTORY_DAYS)  # days that the page shows


def ring_key(queue: str, job: str) -> str:
    return f"{NAMES}:{queue}:{job}"


def minute_key(queue: str, moment: float) -> str:
    return f"news:jobs:{queue}:{int(moment) // 60}"


def day_key(day: str) -> str:
    return f"news:history:{day}"


def label_of(function: str, arguments: Any) -> str:
    """What a job is called: its function's last name, or the scheduled job that it runs."""
    if function in ("workers.periodic.run", "workers.jobs.run_now") and arguments:
        return str(arguments[0])
    return function.rpartition(".")[2]


def note(connection: redis.Redis, queue: str, job: str, seconds: float, is_done: bool, at: datetime) -> None:
    """Note a run. Raises RedisError."""
    key, minute, day = ring_key(queue, job), minute_key(queue, at.timestamp()), day_key(f"{at:%Y-%m-%d}")
    pipeline = connection.pipeline(transaction=False)
    pipeline.lpush(key, f"{seconds:.4f}")
    pipeline.ltrim(key, 0, RING - 1)
    pipeline.expire(key, FORGOTTEN)
    pipeline.zadd(NAMES, {f"{queue}:{job}": at.timestamp()})
    pipeline.incr(minute)
    pipeline.expire(minute, MINUTES)
    pipeline.hincrby(day, f"{queue}:{'done' if is_done else 'failed'}", 1)
    pipeline.hincrby(day, f"{queue}:ms", round(seconds * 1000))
    pipeline.expire(day, HISTORY_DAYS * 24 * 3600)
    pipeline.execute()


def read(connection: redis.Redis, at: datetime) -> tuple[JobTimes, ...]:
    """Every job that ran lately, the slowest first. Raises RedisError."""
    moment = at.timestamp()
    found: Any = connection.zrangebyscore(NAMES, moment - FORGOTTEN, "+inf", withscores=True)
    names = [(*name.decode().split(":", 1), last) for name, last in found]
    pipeline = connection.pipeline(transaction=False)
    pipeline.zremrangebyscore(NAMES, 0, moment - FORGOTTEN)
    for queue, job, _ in names:
        pipeline.lrange(ring_key(queue, job), 0, RING - 1)
    rings = pipeline.execute()[1:]
    times = [times_of(queue, job, moment - last, ring) for (queue, job, last), ring in zip(names, rings, strict=True) if ring]
    return tuple(sorted(times, key=lambda each: (-each.high, each.job)))


def times_of(queue: str, job: str, ago: float, ring: list[bytes]) -> JobTimes:
    took = sorted(map(float, ring))
    return JobTimes(job, queue, len(took), share(took, 0.5), share(took, 0.95), max(0.0, ago))


def share(ordered: list[float], part: float) -> float:
    """The least of them that so large a part does not exceed."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Day(NamedTuple):
    """A queue's day: jobs done and failed, and the seconds that they took together."""

    day: str
    queue: str
    done: int
    failed: int
    seconds: float


def history(connection: redis.Redis, at: datetime, days: int, queues: tuple[str, ...]) -> list[Day]:
    """The days with jobs, newest first, days being UTC's. Raises RedisError."""
    wanted = [f"{at - timedelta(days=back):%Y-%m-%d}" for back in range(days)]
    pipeline = connection.pipeline(transaction=False)
    for day in wanted:
        pipeline.hgetall(day_key(day))
    rows = [(day, {name.decode(): int(count) for name, count in row.items()}) for day, row in zip(wanted, pipeline.execute(), strict=True)]
    found = [
        Day(day, queue, row.get(f"{queue}:done", 0), row.get(f"{queue}:failed", 0), row.get(f"{queue}:ms", 0) / 1000)
        for day, row in rows
        for queue in queues
    ]
    return [each for each in found if each.done or each.failed]
