"""Failed jobs, by RQ's own registries: read by the page, never all at once; requeued and deleted by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from newsapp.ops.timings import label_of
from newsapp.queues import queue

ON_A_PAGE = 25
AT_ONCE = 500  # jobs that a worker takes at a time when all are wanted
LONGEST_TRACE = 8000  # characters


@dataclass(frozen=True)
class FailedJob:
    """One failed job. `reason` is the last line of its trace."""

    id: str
    name: str
    call: str
    reason: str
    trace: str
    failed_at: datetime | None


def registry(queue_name: str, connection: redis.Redis) -> FailedJobRegistry:
    found: FailedJobRegistry = queue(queue_name, connection).failed_job_registry
    return found


def count(queue_name: str, connection: redis.Redis) -> int:
    return int(registry(queue_name, connection).get_job_count(cleanup=False))


def page(queue_name: str, connection: redis.Redis, number: int) -> list[FailedJob]:
    """One page, the latest to be forgotten first. Raises RedisError."""
    start = (number - 1) * ON_A_PAGE
    ids = [job_id.decode() for job_id in members(queue_name, connection, start, start + ON_A_PAGE - 1, latest=True)]
    jobs = Job.fetch_many(ids, connection=connection, serializer=JSONSerializer)
    traces = latest_traces(ids, connection)
    return [shown(job_id, job, trace) for job_id, job, trace in zip(ids, jobs, traces, strict=True)]


def members(queue_name: str, connection: redis.Redis, first: int, last: int, *, latest: bool = False) -> list[bytes]:
    found: Any = connection.zrange(registry(queue_name, connection).key, first, last, desc=latest)
    return list(found)


def latest_traces(ids: list[str], connection: redis.Redis) -> list[str]:
    """The trace of each, in one round trip."""
    pipeline = connection.pipeline(transaction=False)
    for job_id in ids:
        pipeline.xrevrange(Result.get_key(job_id), "+", "-", count=1)  # type: ignore[no-untyped-call]
    return [trace_of(job_id, found, connection) for job_id, found in zip(ids, pipeline.execute(), strict=True)]


def trace_of(job_id: str, found: Any, connection: redis.Redis) -> str:
    if not found:
        return ""
    result_id, payload = found[0]
    return Result.restore(job_id, result_id.decode(), payload, connection, JSONSerializer).exc_string or ""


def shown(job_id: str, job: Job | None, trace: str) -> FailedJob:
    if job is None:
        return FailedJob(job_id, "gone", "", "It was forgotten by Redis.", "", None)
    lines = [line for line in trace.splitlines() if line.strip()]
    ended = job.ended_at and (job.ended_at if job.ended_at.tzinfo else job.ended_at.replace(tzinfo=UTC))
    call = ", ".join(map(str, job.args or ()))
    return FailedJob(job_id, label_of(job.func_name or "", job.args), call, lines[-1] if lines else "Nobody knows", trace[-LONGEST_TRACE:], ended)


def requeue(queue_name: str, connection: redis.Redis, ids: list[str]) -> int:
    """Ask again for those that are failed still. Returns how many were."""
    failed = registry(queue_name, connection)
    return sum(each(lambda job_id: failed.requeue(job_id), ids))


def delete(queue_name: str, connection: redis.Redis, ids: list[str]) -> int:
    """Forget them. Returns how many were there."""
    failed = registry(queue_name, connection)

    def drop(job_id: str) -> Any:
        failed.remove(job_id, delete_job=True)

    present = [job_id for job_id in ids if connection.zscore(failed.key, job_id) is not None]
    for job_id in present:
        if not any(each(drop, [job_id])):
            connection.zrem(failed.key, job_id)  # the job itself was forgotten before
    return len(present)


def each(do: Callable[[str], Any], ids: list[str]) -> Iterator[bool]:
    """Whether it could be done, of each."""
    for job_id in ids:
        try:
            do(job_id)
        except (NoSuchJobError, InvalidJobOperation):
            yield False
        else:
            yield True


ACTIONS: dict[str, Callable[[str, redis.Redis, list[str]], int]] = {"requeue": requeue, "delete": delete}


def act_on_all(action: str, queue_name: str, connection: redis.Redis) -> int:
    """Requeue or delete all that are failed now, some at a time. What fails meanwhile is left alone."""
    left, done = count(queue_name, connection), 0
    while left > 0 and (ids := [job_id.decode() for job_id in members(queue_name, connection, 0, min(left, AT_ONCE) - 1)]):
        done += ACTIONS[action](queue_name, connection, ids)
        connection.zrem(registry(queue_name, connection).key, *ids)  # those, too, whose jobs Redis has forgotten
        left -= len(ids)
    return done
