"""A worker process: `python -m workers QUEUE`."""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any

import redis
import structlog
from flask import Flask
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from newsapp import create_app
from newsapp.config import ConfigError
from newsapp.database import db
from newsapp.parent import leave_with_parent
from newsapp.queues import QUEUES, QueueRecord, queue
from newsapp.redis import client
from newsapp.traffic.installation import WrongInstallation, check_installation
from workers.stopping import STOPPING
from workers.ticker import Ticker

log = structlog.get_logger()

MOST_JOBS = 1000  # after which a process makes room for a fresh one; the supervisor starts it
WAIT_FOR_REDIS = 1.0  # seconds between two tries


class InContext:
    """Gives each job the application, and tells running jobs of a stop."""

    app: Flask

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        with self.app.app_context():
            return bool(super().perform_job(job, queue, execution))  # type: ignore[misc]

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        STOPPING.set()
        super().request_stop(signum, frame)  # type: ignore[misc]


class InProcess(InContext, SimpleWorker):
    """For short jobs: no fork, 3-5 ms each."""


class Forking(InContext, Worker):
    """For long jobs, each in a process of its own that leaves when this one is killed."""

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        with self.app.app_context():
            db.engine.dispose(close=False)  # the parent's connections are not ours
        leave_with_parent()
        return super().perform_job(job, queue, execution)


def wait_for_redis(connection: redis.Redis) -> None:
    """Return when Redis takes writes, however long that takes: a worker that leaves is only started again.

    Asked by a write that changes nothing: a replica, or a primary without the replicas that it needs, answers a PING.
    """
    while True:
        try:
            connection.delete("news:nothing")
            return
        except redis.RedisError as error:
            log.warning("waiting for Redis", error=str(error))
            time.sleep(WAIT_FOR_REDIS)


def work(record: QueueRecord) -> None:
    """Work on one queue until asked to stop. One queue each: with several, RQ can lose a job between two."""
    app = create_app(role="work")
    connection = client(app.config["REDIS_URL"], timeout=30.0, retries=1)
    wait_for_redis(connection)
    with app.app_context():
        check_installation(connection)
    Ticker(app).start()
    kind = Forking if record.forks else InProcess
    kind.app = app
    worker = kind([queue(record.name, connection)], connection=connection, serializer=JSONSerializer, worker_ttl=60)
    worker.work(max_jobs=MOST_JOBS, logging_level="WARNING")


def main(arguments: list[str]) -> None:
    """Find the queue's record and work on it."""
    records = {record.name: record for record in QUEUES}
    if len(arguments) != 1 or arguments[0] not in records:
        sys.exit(f"usage: python -m workers {'|'.join(records)}")
    try:
        work(records[arguments[0]])
    except (ConfigError, WrongInstallation) as error:
        sys.exit(f"newsapp: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
