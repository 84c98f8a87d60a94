"""The queues by urgency, and later(): how a request asks for work to be done after it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from flask import current_app
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

log = structlog.get_logger()

WEEK = 7 * 24 * 3600
WAITING = 300  # seconds that a job waits which will be asked for again anyway


@dataclass(frozen=True)
class QueueRecord:
    """One queue. `forks`: each job in a process of its own, for work that is long or may crash."""

    name: str
    forks: bool
    timeout: int  # seconds a job may run
    help: str


QUEUES = (
    QueueRecord("count", False, 30, "Events into tables; lists to readers. Seconds matter."),
    QueueRecord("desk", False, 120, "What an editor waits for: refreshed copies, told changes."),
    QueueRecord("slow", True, 3600, "Imports, pictures, nightly merges. Minutes are fine."),
)


def queue(name: str, connection: redis.Redis) -> Queue:
    """An RQ queue that carries JSON: with RQ's default of pickle, writing to Redis would be running code."""
    return Queue(name, connection=connection, serializer=JSONSerializer)


def later(job_name: str, *ids: int | str, queue_name: str = "desk", together: int = 0) -> bool:
    """Ask a worker to run workers.jobs.<job_name>(*ids). False when Redis could not take it.

    Asked for again within `together` seconds, it is one job. Never raises: what must not be lost is
    in the database already, and the schedule repeats it.
    """
    record = next(record for record in QUEUES if record.name == queue_name)
    once: dict[str, Any] = {"job_id": f"{job_name}-{int(time.time()) // together}", "unique": True, "ttl": WAITING} if together else {}
    try:
        queue(queue_name, current_app.extensions["redis_desk"]).enqueue(
            f"workers.jobs.{job_name}", *ids, job_timeout=record.timeout, result_ttl=60, failure_ttl=WEEK, **once
        )
    except DuplicateJobError:
        return True
    except redis.RedisError as error:
        log.warning("job not enqueued; the schedule will do it", job=job_name, error=str(error))
        return False
    return True
