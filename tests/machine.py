"""A machine room to test with: jobs that fail, workers that are heard, as RQ itself makes them."""

from __future__ import annotations

import itertools

import redis
from rq import SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from newsapp.queues import QUEUES, queue

NUMBERS = itertools.count(1)


class Guest(SimpleWorker):
    """A worker in the tests' own process, whose signals stay what they were."""

    def _install_signal_handlers(self) -> None:
        """None."""


def fail_a_job(connection: redis.Redis, queue_name: str = "desk", job: str = "nothing_of_that_name", *arguments: object) -> str:
    """Have a job fail that no module has. Returns its id."""
    asked = queue(queue_name, connection).enqueue(f"workers.jobs.{job}", *arguments, failure_ttl=3600, at_front=True)
    worker = Guest([queue(queue_name, connection)], connection=connection, serializer=JSONSerializer)
    worker.work(burst=True, max_jobs=1, logging_level="CRITICAL")
    return str(asked.id)


def a_worker(connection: redis.Redis, queue_name: str = "count") -> str:
    """A worker that is heard. Returns its name."""
    name = f"worker-{next(NUMBERS)}"
    SimpleWorker([queue(queue_name, connection)], connection=connection, serializer=JSONSerializer, name=name).register_birth()
    return name


def man_all_queues(connection: redis.Redis) -> None:
    for record in QUEUES:
        a_worker(connection, record.name)


def many_failed(connection: redis.Redis, count: int, queue_name: str = "desk") -> None:
    """Fill the registry of failed jobs as so many failures would have, by the shape of one real job."""
    model = Job.fetch(fail_a_job(connection, queue_name), connection=connection, serializer=JSONSerializer)
    fields = connection.hgetall(model.key)
    registry, expires = model.failed_job_registry.key, connection.zscore(model.failed_job_registry.key, model.id)
    for start in range(0, count, 10_000):
        pipeline = connection.pipeline(transaction=False)
        numbers = range(start, min(start + 10_000, count))
        pipeline.zadd(registry, {f"many-{number}": (expires or 0) + number / count for number in numbers})
        for number in numbers:
            pipeline.hset(f"rq:job:many-{number}", mapping=fields)
        pipeline.execute()
