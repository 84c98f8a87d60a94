"""Keys with which a paper's own apps report views. A key is shown once; only its hash is stored."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Row, delete, insert, select, update

from newsapp.database import db, write_unit
from newsapp.traffic.models import api_key

PREFIX = "newsapp_"  # so that scanners for lost secrets can tell what it is
NAME = re.compile(r"[A-Za-z0-9._-]{1,80}")


class KeyProblem(ValueError):
    """A key cannot be made or revoked like that; the message says why."""


class KeyRefused(Exception):
    """A key lets nobody in. `revoked`: it once did."""

    def __init__(self, message: str, revoked: bool = False) -> None:
        super().__init__(message)
        self.revoked = revoked


@dataclass(frozen=True)
class Key:
    """An app's key, as far as anybody can read it."""

    name: str
    created: datetime
    revoked: datetime | None


def hash_of(key: str) -> str:
    """A key is 256 random bits: nobody finds it from its hash by trying, as one would a password."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def add(name: str, at: datetime) -> str:
    """Make an app's key, or a new one where its key was revoked. Returns it, which nobody can read again. Raises KeyProblem."""
    if not NAME.fullmatch(name):
        raise KeyProblem(f"{name!r} is no name for a key: use up to 80 letters, digits, dots and hyphens")
    key = PREFIX + secrets.token_urlsafe(32)
    mine = api_key.c.name == name
    with write_unit() as connection:
        connection.execute(delete(api_key).where(mine, api_key.c.revoked.is_not(None)))
        if connection.scalar(select(api_key.c.created).where(mine)) is not None:
            raise KeyProblem(f"{name} has a key already: revoke it first, or choose another name")
        connection.execute(insert(api_key).values(name=name, hash=hash_of(key), created=int(at.timestamp())))
    return key


def revoke(name: str, at: datetime) -> None:
    """Let a key in no more. Raises KeyProblem."""
    good = (api_key.c.name == name) & api_key.c.revoked.is_(None)
    with write_unit() as connection:
        if connection.execute(update(api_key).where(good).values(revoked=int(at.timestamp()))).rowcount == 0:
            raise KeyProblem(f"there is no key {name} in use; newsapp key list shows all")


def all_keys() -> list[Key]:
    return [Key(row.name, moment(row.created), moment(row.revoked) if row.revoked else None) for row in rows()]


def rows() -> Sequence[Row[tuple[str, str, int, int | None]]]:
    with db.engine.connect() as connection:
        return connection.execute(select(api_key).order_by(api_key.c.name)).all()


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def owner(given: str) -> str:
    """The app that a key belongs to. All hashes are compared, each in constant time. Raises KeyRefused."""
    hashed = hash_of(given)
    found = [row for row in rows() if hmac.compare_digest(row.hash, hashed)]
    if not found:
        raise KeyRefused("send a key: Authorization: Bearer KEY; newsapp key add NAME makes one")
    if found[0].revoked is not None:
        raise KeyRefused(f"the key {found[0].name} was revoked; newsapp key add {found[0].name} makes a new one", revoked=True)
    return str(found[0].name)
