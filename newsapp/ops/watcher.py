"""The thread that looks for alarms: in every worker process and at the desk, so that workers that are gone are missed.

It has nothing to do with counting: a mail server that hangs keeps nobody but this thread.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from newsapp.database import now
from newsapp.forks import STILL
from newsapp.ops import alerts, outage
from newsapp.redis import RedisError

log = structlog.get_logger()

PAUSE = 2.0  # seconds; of all threads that ask, one gets the turn


class Watcher:
    """Takes turns with those of the other processes."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def start(self) -> None:
        threading.Thread(target=self.run, name="watcher", daemon=True).start()

    def run(self) -> None:
        while True:
            time.sleep(PAUSE)
            try:
                with STILL, self.app.app_context():
                    look(now())
            except RedisError as error:
                log.warning("nobody remembers whether the database is away: Redis does not answer", error=str(error))
            except Exception:
                log.exception("watcher")


def look(at: datetime) -> None:
    """Look for alarms if nobody else does; that the database is away is one, too."""
    seconds = int(at.timestamp())
    try:
        if alerts.watch(at):
            outage.follow(seconds)
    except SQLAlchemyError as error:
        log.warning("nobody looks for alarms: the database does not answer", error=str(error))
        outage.note(error, seconds)
