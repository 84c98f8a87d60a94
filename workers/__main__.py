"""A worker process: `python -m workers QUEUE`."""

from __future__ import annotations

import contextlib
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
from rq.worker import WorkerStatus

from newsapp import create_app
from newsapp.config import ConfigError
from newsapp.database import db, now
from newsapp.forks import STILL
from newsapp.garbage import held_for_good
from newsapp.ops import timings, tracing, worker_notes
from newsapp.ops.watcher import Watcher
from newsapp.parent import leave_with_parent
from newsapp.queues import QUEUES, QueueRecord, queue
from newsapp.redis import client
from newsapp.traffic.installation import WrongInstallation, check_installation
from workers.schedule import SCHEDULE
from workers.stopping import STOPPING
from workers.ticker import Ticker

log = structlog.get_logger()

MOST_JOBS = 1000  # after which a process makes room for a fresh one; the supervisor starts it
WAIT_FOR_REDIS = 1.0  # seconds between two tries


class InContext:
    """Gives each job the application, and tells running jobs of a stop."""

    app: Flask
    notes: redis.Redis  # a connection for what is told of jobs

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        began = time.monotonic()
        name = timings.label_of(job.func_name or "", job.args)
        with self.app.app_context(), tracing.job_span(self.app, queue.name, name):
            is_done = bool(super().perform_job(job, queue, execution))  # type: ignore[misc]
        with contextlib.suppress(redis.RedisError):  # that it ran matters more than how long
            timings.note(self.notes, queue.name, name, time.monotonic() - began, is_done, now())
        return is_done

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while an operator wants this worker quiet, and let the board see that it is."""
        worker: Any = self
        before = worker.get_state()
        while not burst and not worker._stop_requested and worker_notes.is_quiet(worker.connection, worker.name):
            worker.set_state(WorkerStatus.SUSPENDED)
            worker.heartbeat()
            time.sleep(1)
        if worker.get_state() != before:
            worker.set_state(before)
        super().check_for_suspension(burst)  # type: ignore[misc]

    def procline(self, message: str) -> None:
        """Keep the title of the process that says which part it is; what it does is on the board."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        STOPPING.set()
        super().request_stop(signum, frame)  # type: ignore[misc]


class InProcess(InContext, SimpleWorker):
    """For short jobs: no fork, 3-5 ms each."""


class Forking(InContext, Worker):
    """For long jobs, each in a process of its own that leaves when this one is killed."""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork while no other thread is at anything: once a job stood still for ever, with the database's write lock in its hand."""
        with STILL:
            super().fork_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        with self.app.app_context():
            db.engine.dispose(close=False)  # the parent's connections are not ours
        leave_with_parent()
        is_done = super().perform_job(job, queue, execution)
        tracing.flush(self.app)
        return is_done


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
    with held_for_good():
        app = create_app(role="work")
    connection = client(app.config["REDIS_URL"], timeout=30.0, retries=1)
    wait_for_redis(connection)
    with app.app_context():
        check_installation(connection)
    app.extensions["periods"] = {periodic.job: periodic.every for periodic in SCHEDULE}
    kind = Forking if record.forks else InProcess
    kind.app, kind.notes = app, client(app.config["REDIS_URL"], timeout=1.0)
    tracing.begin(app)
    worker = kind([queue(record.name, connection)], connection=connection, serializer=JSONSerializer, worker_ttl=60)
    if app.config["SENTRY_DSN"]:
        worker.push_exc_handler(tracing.tell_failure)  # type: ignore[no-untyped-call]
    Ticker(app, worker.name).start()
    Watcher(app).start()
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
