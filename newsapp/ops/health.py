"""Is this process alive, and can it serve? Asked by balancers and supervisors, several times a minute."""

from __future__ import annotations

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from newsapp.database import db
from newsapp.redis import RedisError


def database_state() -> str:
    """ "ok", or what stands against it."""
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM section WHERE id = 0"))
    except SQLAlchemyError as error:
        return str(getattr(error, "orig", None) or error).splitlines()[0]
    return "ok"


def redis_state(connection: redis.Redis) -> str:
    """ "ok", or why it is degraded: pages are served without it."""
    try:
        connection.ping()
    except RedisError as error:
        return f"degraded: {error}"
    return "ok"


def readyz(connection: redis.Redis, silent: bool | None = None) -> tuple[dict[str, str], int]:
    """(what was found, 200 or 503). Without Redis the process is ready all the same.

    `silent` tells whether Redis is, where that is known; else it is asked.
    """
    known = {None: "", False: "ok", True: "degraded: Redis does not answer"}[silent]
    states = {"database": database_state(), "redis": known or redis_state(connection)}
    return states, 200 if states["database"] == "ok" else 503
