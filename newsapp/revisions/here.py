"""Who has which article open. Lives in Redis alone: with it away nobody is shown, and all else goes on."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis

from newsapp.redis import RedisError

KEY = "news:here"  # members article:person:form:since, scored by their last sign of life
GONE_AFTER = 35  # seconds without one; a form gives it every 10


class Present(NamedTuple):
    """One person at one article."""

    article_id: int
    person_id: int
    since: datetime


def arrive(connection: redis.Redis, article_id: int, person_id: int, form_id: str, since: int, at: datetime) -> None:
    """Give a sign of life of an opened form."""
    with contextlib.suppress(RedisError):
        now = at.timestamp()
        signs = connection.pipeline(transaction=False)
        signs.zadd(KEY, {member(article_id, person_id, form_id, since): now})
        signs.zremrangebyscore(KEY, "-inf", now - GONE_AFTER)
        signs.expire(KEY, GONE_AFTER * 2)
        signs.execute()


def leave(connection: redis.Redis, article_id: int, person_id: int, form_id: str, since: int) -> None:
    with contextlib.suppress(RedisError):
        connection.zrem(KEY, member(article_id, person_id, form_id, since))


def member(article_id: int, person_id: int, form_id: str, since: int) -> str:
    return f"{article_id}:{person_id}:{form_id}:{since}"


def present(connection: redis.Redis, at: datetime) -> list[Present]:
    """Everybody at any article, who came first before the others, each once for an article."""
    try:
        rows: Any = connection.zrangebyscore(KEY, at.timestamp() - GONE_AFTER, "+inf")
    except RedisError:
        return []
    found: dict[tuple[int, int], Present] = {}
    for row in sorted(rows, key=lambda row: int(row.rpartition(b":")[2])):
        article_id, person_id, _, since = row.decode().split(":")
        found.setdefault((int(article_id), int(person_id)), Present(int(article_id), int(person_id), datetime.fromtimestamp(int(since), UTC)))
    return list(found.values())


def others(connection: redis.Redis, article_id: int, person_id: int, at: datetime) -> list[Present]:
    return [each for each in present(connection, at) if each.article_id == article_id and each.person_id != person_id]
