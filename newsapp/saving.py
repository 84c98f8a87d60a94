"""One write unit of an editor: the lock at once, the commit at the end, and only then the telling."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import structlog
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from newsapp.changes import tell
from newsapp.database import db, writes
from newsapp.queues import later
from newsapp.redis import RedisError

log = structlog.get_logger()


@contextlib.contextmanager
def saving(*jobs: str) -> Iterator[None]:
    """Commit what is done inside, then tell every web process and ask for the jobs. An error rolls back and tells nobody."""
    db.session.rollback()  # what was read to find out who asks must not hold a snapshot: a write that starts from one can fail
    try:
        with writes():
            yield
            db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    tell_later(*jobs)


def tell_later(*jobs: str) -> None:
    """Tell what was committed. When that fails nothing is lost: the rows wait in the database, and the schedule repeats the jobs."""
    try:
        tell(current_app.extensions["redis_desk"])
    except (RedisError, SQLAlchemyError) as error:
        log.warning("changes not told; the ticker will", error=str(error))
        return
    for job in jobs:
        later(job)
