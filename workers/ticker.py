"""The ticker: a thread of every worker process that asks for what is to be done now.

Any number may run and any may die: a tick's job carries no state, its id is that of its moment, and
RQ takes an id once. No `rq cron` (two double the jobs, and it ends with Redis) and no Repeat (a
kill -9 breaks the chain).
"""

from __future__ import annotations

import contextlib
import threading
import time

import redis
import structlog
from flask import Flask
from redis.exceptions import OutOfMemoryError
from rq.exceptions import DuplicateJobError
from sqlalchemy.exc import SQLAlchemyError

from newsapp.database import now
from newsapp.forks import STILL
from newsapp.ops import worker_notes
from newsapp.queues import QUEUES, queue
from newsapp.redis import for_jobs
from newsapp.traffic.counter import count_shard
from workers.schedule import due

log = structlog.get_logger()

TICK = 1.0  # seconds
BUCKET = 2  # seconds of a count job's id
QUEUE_IS_LONG = 2  # jobs a shard; more are waiting than workers can want
TTL = 20  # seconds a tick's job waits before it is worthless
FAILED_TTL = 3600  # with the database down one fails every second or two: a week of them would fill Redis


class Ticker:
    """Asks once a second, over a connection of its own."""

    def __init__(self, app: Flask, worker: str = "") -> None:
        self.app, self.worker = app, worker
        self.shards: int = app.config["SHARDS"]
        self.connection = for_jobs(app.config)
        self.timeouts = {record.name: record.timeout for record in QUEUES}

    def start(self) -> None:
        threading.Thread(target=self.run, name="ticker", daemon=True).start()

    def run(self) -> None:
        while True:
            time.sleep(TICK)
            try:
                with STILL, self.app.app_context():
                    self.tick()
            except (redis.RedisError, SQLAlchemyError) as error:
                log.warning("tick failed; the next one comes", error=str(error))
            except Exception:
                log.exception("ticker")

    def tick(self) -> None:
        """Ask for counting of each shard, and for what the schedule has due."""
        bucket = int(time.time()) // BUCKET
        try:
            if queue("count", self.connection).count < QUEUE_IS_LONG * self.shards:
                for shard in range(self.shards):
                    self.ask("count", "workers.jobs.count", f"count-{shard}-{bucket}", shard)
            at = now()
            if self.worker and bucket % 5 == 0:
                worker_notes.tell(self.connection, self.worker)
            for periodic in due(at):
                self.ask(periodic.queue, "workers.periodic.run", f"{periodic.job}-{periodic.turn(at)}", periodic.job)
        except OutOfMemoryError:
            self.count_directly()

    def ask(self, queue_name: str, job: str, job_id: str, *arguments: int | str) -> None:
        """Enqueue a job of this moment, unless another ticker has."""
        with contextlib.suppress(DuplicateJobError):
            queue(queue_name, self.connection).enqueue(
                job, *arguments, job_id=job_id, unique=True, ttl=TTL, result_ttl=30, failure_ttl=FAILED_TTL, job_timeout=self.timeouts[queue_name],
            )  # fmt: skip

    def count_directly(self) -> None:
        """Redis is full and takes no job: count here, which makes room."""
        log.error("Redis takes no job for want of memory; counting without the queue")
        for shard in range(self.shards):
            count_shard(shard, self.connection, seconds=2.0)
