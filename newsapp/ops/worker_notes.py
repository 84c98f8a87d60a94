"""What a worker process says of itself besides what RQ knows, and what it is told: memory, and whether it is to be quiet."""

from __future__ import annotations

import os
import resource
import sys
from math import inf
from pathlib import Path
from typing import NamedTuple

import redis

KEPT = 60  # seconds that a note holds
QUIET_KEPT = 24 * 3600  # seconds; a worker that was forgotten works again


class WorkerNote(NamedTuple):
    memory: int  # bytes
    is_quiet: bool
    age: float = inf  # seconds since it said so


def note_key(name: str) -> str:
    return f"news:worker:{name}"


def quiet_key(name: str) -> str:
    return f"news:quiet:{name}"


def memory_used() -> int:
    """Bytes of memory of this process; where the system does not say, the most that it ever had."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def tell(connection: redis.Redis, name: str) -> None:
    """Say what this process has. Raises RedisError."""
    connection.set(note_key(name), memory_used(), ex=KEPT)


def quiet(connection: redis.Redis, name: str) -> None:
    """Let a worker finish what it is at and take no more."""
    connection.set(quiet_key(name), 1, ex=QUIET_KEPT)


def wake(connection: redis.Redis, name: str) -> None:
    connection.delete(quiet_key(name))


def is_quiet(connection: redis.Redis, name: str) -> bool:
    return bool(connection.exists(quiet_key(name)))


def read(connection: redis.Redis, names: list[str]) -> dict[str, WorkerNote]:
    """What each said. Raises RedisError."""
    if not names:
        return {}
    pipeline = connection.pipeline(transaction=False)
    pipeline.mget([*map(note_key, names), *map(quiet_key, names)])
    for name in names:
        pipeline.pttl(note_key(name))
    values, *left = pipeline.execute()
    memories, quiets = values[: len(names)], values[len(names) :]
    ages = [KEPT - milliseconds / 1000 if milliseconds > 0 else inf for milliseconds in left]
    return {name: WorkerNote(int(memory or 0), said is not None, age) for name, memory, said, age in zip(names, memories, quiets, ages, strict=True)}
