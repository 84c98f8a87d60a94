"""Uniques: how many different visitors an article, and the site, had in a day, by HyperLogLog in Redis (error 1 %).

A day of visitors begins at 04:00 of the site, when the key of their hashes turns: from one day to the
next nobody can be told to be the same. At its end the numbers go into the rows of the day.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import redis
import structlog
from sqlalchemy import select, text

from newsapp.database import db, write_unit
from newsapp.traffic.counting import Batch
from newsapp.traffic.days import SITE_ZONE, Array, offset
from newsapp.traffic.events import COUNTED, PAGEVIEW, Events
from newsapp.traffic.inbox import asking
from newsapp.traffic.models import article_views_hourly

log = structlog.get_logger()

SITE = 0  # in the place of an article's id
TURN = 4  # the hour of the site's day at which a day of visitors begins
AT_ONCE = 1000
KEY_BEGIN, DIGITS = b"news:uniques:", 10
POWERS = 10 ** np.arange(DIGITS - 1, -1, -1, dtype="u8")
LOOK_BACK = 30  # days; should no worker have run at their ends
SILENT, ALOUD = (b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$%d\r\n%s\r\n" % (len(word), word) for word in (b"OFF", b"ON"))
ELEMENT = np.dtype([("length", "S4"), ("visitor", "<u8"), ("end", "S2")])  # a visitor as Redis's protocol writes 8 bytes


def day_of(hour: int) -> int:
    """The day of visitors (days since 1970) that an hour belongs to."""
    return (hour + offset(hour, SITE_ZONE.read()) - TURN) // 24


def key_of(article: int, day: int) -> str:
    """All keys have one length, so that a hundred thousand can be written in columns."""
    return f"news:uniques:{article:010}:{day}"


def add_commands(events: Events, hours: Array) -> Iterator[bytes]:
    """The commands that add these events' visitors to their articles' and the site's day. Adding twice changes nothing."""
    distinct, place = np.unique(hours, return_inverse=True)
    days = np.array([day_of(hour) for hour in distinct.tolist()], "i8")[place]
    for day in np.unique(days).tolist():
        here = events[days == day]
        yield commands_of(here["article"], here["visitor"], day)
        yield commands_of(np.zeros(len(here), "u4"), here["visitor"], day)


def commands_of(articles: Array, visitors: Array, day: int) -> bytes:
    """A command for each article. Those with equally many visitors are of one length, and are written at once."""
    order = np.argsort(articles, kind="stable")
    ids, starts, times = np.unique(articles[order], return_index=True, return_counts=True)
    sorted_visitors = visitors[order]
    return b"".join(equal_commands(ids[times == many], sorted_visitors, starts[times == many], many, day) for many in np.unique(times).tolist())


def equal_commands(articles: Array, visitors: Array, starts: Array, many: int, day: int) -> bytes:
    """The commands of articles with `many` visitors each, which stand one after another from `starts` on."""
    key = key_of(0, day)
    head, tail = b"*%d\r\n$5\r\nPFADD\r\n$%d\r\n%s" % (many + 2, len(key), KEY_BEGIN), key.encode()[len(KEY_BEGIN) + DIGITS :] + b"\r\n"
    parts = np.dtype([("head", f"S{len(head)}"), ("article", "u1", DIGITS), ("tail", f"S{len(tail)}"), ("visitors", ELEMENT, many)])
    commands = np.empty(len(articles), parts)
    commands["head"], commands["tail"] = head, tail
    commands["article"] = articles[:, None] // POWERS % 10 + ord("0")
    elements = commands["visitors"]
    elements["length"], elements["end"] = b"$8\r\n", b"\r\n"
    elements["visitor"] = visitors[starts[:, None] + np.arange(many)]
    return commands.tobytes()


@contextlib.contextmanager
def adding_visitors(connection: redis.Redis, batch: Batch, reasons: Array) -> Iterator[None]:
    """Add the visitors of those views that count, while something else is done. Where Redis has no room for them, that goes on without.

    Redis is asked not to answer each command, only the last: reading the answers would cost more than all else.
    """
    counted = (reasons == COUNTED) & (batch.events["head"] & 15 == PAGEVIEW.code)
    commands = list(add_commands(batch.events[counted], batch.at[counted] // 3600))
    if not commands:
        yield
        return
    with asking(connection) as wire:
        packed = b"".join([SILENT, *commands[:-1], ALOUD, commands[-1]])
        sending = threading.Thread(target=wire.send_packed_command, args=([packed],))
        sending.start()
        try:
            yield
        finally:
            sending.join()
        read_last_answers(wire)


def read_last_answers(wire: Any) -> None:
    wire.read_response()
    try:
        wire.read_response()
    except redis.ResponseError as error:
        log.error("unique visitors not kept", error=str(error))


def keep_uniques(connection: redis.Redis, at: datetime) -> int:
    """Write the numbers of the days that are over into their rows, and let Redis forget them. Returns how many were written."""
    today = day_of(int(at.timestamp()) // 3600)
    return sum(keep_day(connection, day) for day in range(today - LOOK_BACK, today) if connection.exists(key_of(SITE, day)))


def keep_day(connection: redis.Redis, day: int) -> int:
    """Write a day's numbers. They replace smaller ones: a day may be kept again."""
    articles = [SITE, *articles_of(day)]
    found: dict[int, int] = {}
    for start in range(0, len(articles), AT_ONCE):
        part = articles[start : start + AT_ONCE]
        pipeline = connection.pipeline(transaction=False)
        for article in part:
            pipeline.pfcount(key_of(article, day))
        found.update((article, count) for article, count in zip(part, pipeline.execute(), strict=True) if count)
    with write_unit() as sql:
        sql.execute(WRITE, [{"day": day, "article": article, "uniques": count} for article, count in sorted(found.items())])
    for start in range(0, len(articles), AT_ONCE):
        keys: list[Any] = [key_of(article, day) for article in articles[start : start + AT_ONCE] if article != SITE]
        if keys:
            connection.unlink(*keys)
    connection.unlink(key_of(SITE, day))  # last: while it is there, the day is kept again
    return len(found)


def articles_of(day: int) -> list[int]:
    """What was viewed between a day's begin and end."""
    hours = [hour for hour in range(day * 24 - 24, day * 24 + 72) if day_of(hour) == day]
    query = select(article_views_hourly.c.article_id).distinct().where(article_views_hourly.c.hour.between(min(hours), max(hours)))
    with db.engine.connect() as sql:
        return list(sql.scalars(query.order_by(article_views_hourly.c.article_id)))


WRITE = text(
    "INSERT INTO article_views_daily (day, article_id, views, raw, uniques) VALUES (:day, :article, 0, 0, :uniques)"
    " ON CONFLICT (day, article_id) DO UPDATE SET uniques = excluded.uniques WHERE article_views_daily.uniques < excluded.uniques"
)


def uniques_today(connection: redis.Redis, article: int, at: datetime) -> int:
    """Visitors of the running day so far; of the site for article 0."""
    return int(connection.pfcount(key_of(article, day_of(int(at.astimezone(UTC).timestamp()) // 3600))))
