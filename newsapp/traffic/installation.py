"""This installation's id stands in SQL and in Redis: a staging copy must not eat production's events."""

from __future__ import annotations

import contextlib
import secrets

import redis
from redis.exceptions import OutOfMemoryError
from sqlalchemy import select

from newsapp.database import db, write_unit
from newsapp.traffic.models import installation
from newsapp.traffic.upserts import insert_or_ignore

KEY = "news:installation"


class WrongInstallation(Exception):
    """The database and Redis belong to two installations."""


def installation_id() -> str:
    """The id that this database was given when it was first counted into."""
    query = select(installation.c.value).where(installation.c.name == "id")
    with db.engine.connect() as connection:
        found = connection.scalar(query)
    if found:
        return str(found)
    with write_unit() as connection:
        connection.execute(insert_or_ignore(connection, installation), {"name": "id", "value": secrets.token_hex(8)})
        return str(connection.scalar(query))


def is_another_one(connection: redis.Redis) -> bool:
    """Whether Redis belongs to another installation. Only reads: what neither knows yet, a worker settles."""
    with db.engine.connect() as sql:
        own = sql.scalar(select(installation.c.value).where(installation.c.name == "id"))
    there = connection.get(KEY)
    return own is not None and isinstance(there, bytes) and there.decode() != own


def check_installation(connection: redis.Redis) -> None:
    """Refuse to go on with the Redis of another installation.

    Raises WrongInstallation, whose message says what to do.
    """
    own = installation_id()
    there = connection.get(KEY)  # asked first: at maxmemory Redis would refuse the SET that changes nothing
    if there is None:
        with contextlib.suppress(OutOfMemoryError):  # counting makes room, and the next turn writes it
            connection.set(KEY, own, nx=True)
        there = connection.get(KEY)
    if isinstance(there, bytes) and there.decode() != own:
        raise WrongInstallation(
            f"this Redis belongs to installation {there.decode()}, this database to {own}: set REDIS_URL to a Redis of its own,"
            f" or, if the database was moved here on purpose, delete the key {KEY} in Redis"
        )
