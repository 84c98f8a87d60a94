"""Releasing: an editor says that views which the rule held are readers' after all. Ledger, totals and windows follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, delete, func, insert, literal, select, text

from newsapp.database import db, write_unit
from newsapp.traffic.counting import DUE, HOUR
from newsapp.traffic.events import BY_AGENT, BY_CODE, PAGEVIEW
from newsapp.traffic.judging import BURST
from newsapp.traffic.models import article_views_5min, article_views_hourly, held_views, sums_due, view_ledger
from newsapp.traffic.sums import hour_of
from newsapp.traffic.upserts import add_rows

UNKNOWN_AGENT = BY_AGENT["unknown"].code
ALL = -1  # in the place of a network: the reason is of the agent
HELD_HOURS = 35 * 24  # after that nothing can be released: the ledger is kept by the day
BUCKETS = 12  # 5-minute steps of an hour


@dataclass(frozen=True)
class Held:
    """Events of one article and hour that can be released: of one network, or of agents that no list knows."""

    hour: int
    article: int
    headline: str
    reason: str
    network: int
    events: int

    @property
    def began(self) -> datetime:
        return datetime.fromtimestamp(self.hour * HOUR, UTC)


HELD = """
SELECT h.hour, h.article_id, a.headline, :burst AS reason, h.network, h.events FROM held_views h JOIN article a ON a.id = h.article_id
WHERE h.hour > :oldest UNION ALL
SELECT l.hour, l.article_id, a.headline, l.reason, -1 AS network, l.events FROM view_ledger l JOIN article a ON a.id = l.article_id
WHERE l.hour > :oldest AND l.kind = :pageview AND l.reason = :unknown AND l.article_id > 0
ORDER BY 1 DESC, 6 DESC LIMIT :most
"""


def held(at: datetime, most: int = 200, hours: int = HELD_HOURS) -> list[Held]:
    """What can be released of the last hours, the newest hour first."""
    values = {"oldest": hour_of(at) - hours, "most": most, "burst": BURST, "pageview": PAGEVIEW.code, "unknown": UNKNOWN_AGENT}
    with db.engine.connect() as sql:
        rows = sql.execute(text(HELD), values).all()
    return [Held(row.hour, row.article_id, row.headline, kind_of(row.reason), row.network, row.events) for row in rows]


def held_events(at: datetime, hours: int = HELD_HOURS) -> int:
    """How many views of the last hours can be released."""
    oldest = hour_of(at) - hours
    unknown = (view_ledger.c.kind == PAGEVIEW.code) & (view_ledger.c.reason == UNKNOWN_AGENT) & (view_ledger.c.article_id > 0)
    queries = (
        select(func.sum(held_views.c.events)).where(held_views.c.hour > oldest),
        select(func.sum(view_ledger.c.events)).where(view_ledger.c.hour > oldest, unknown),
    )
    with db.engine.connect() as sql:
        return sum(int(sql.scalar(query) or 0) for query in queries)


def release(hour: int, article: int, network: int, editor: str, at: datetime) -> int:
    """Count what was held of an article's hour: of a network, or for ALL of agents that no list knows. Returns how many views."""
    return release_hour(hour, article, [network], editor, at)


def release_article(article: int, editor: str, at: datetime) -> int:
    """Count all that is held of an article, one transaction an hour. Returns how many views."""
    networks: dict[int, list[int]] = {}
    with db.engine.connect() as sql:
        for query in held_of(article, hour_of(at)):
            for hour, network in sql.execute(query):
                networks.setdefault(hour, []).append(network)
    return sum(release_hour(hour, article, networks[hour], editor, at) for hour in sorted(networks))


def held_of(article: int, newest: int) -> tuple[Any, Any]:
    """What can be released of an article, as (hour, network)."""
    hours = range(newest - HELD_HOURS + 1, newest + 1)
    row = (view_ledger.c.article_id == article) & (view_ledger.c.kind == PAGEVIEW.code) & (view_ledger.c.reason == UNKNOWN_AGENT)
    return (
        select(held_views.c.hour, held_views.c.network).where(held_views.c.hour.in_(hours), held_views.c.article_id == article),
        select(view_ledger.c.hour, literal(ALL)).where(view_ledger.c.hour.in_(hours), row),
    )


def release_hour(hour: int, article: int, networks: Sequence[int], editor: str, at: datetime) -> int:
    with write_unit() as connection:
        return sum(let_go(connection, hour, article, network, editor, at) for network in sorted(networks))


def let_go(connection: Connection, hour: int, article: int, network: int, editor: str, at: datetime) -> int:
    """Release in the open transaction. Returns how many views; 0 where another was first."""
    reason = UNKNOWN_AGENT if network == ALL else BURST
    events = take(connection, hour, article, network)
    if not events:
        return 0
    book(connection, hour, article, reason, events)
    add_views(connection, hour, article, events, at)
    values = {
        "hour": hour,
        "article": article,
        "reason": reason,
        "network": network,
        "events": events,
        "editor": editor,
        "at": int(at.timestamp()),
    }
    connection.execute(NOTE, values)
    return events


def take(connection: Connection, hour: int, article: int, network: int) -> int:
    """How many are held; they no longer are."""
    if network != ALL:
        mine = (held_views.c.hour == hour) & (held_views.c.article_id == article) & (held_views.c.network == network)
        return connection.scalar(delete(held_views).where(mine).returning(held_views.c.events)) or 0
    row = (view_ledger.c.hour == hour) & (view_ledger.c.article_id == article) & (view_ledger.c.kind == PAGEVIEW.code)
    query = select(view_ledger.c.events).where(row, view_ledger.c.reason == UNKNOWN_AGENT).with_for_update()
    return connection.scalar(query) or 0


def book(connection: Connection, hour: int, article: int, reason: int, events: int) -> None:
    """Take them off the ledger."""
    add_rows(connection, view_ledger, one_row(hour=hour, kind=PAGEVIEW.code, article_id=article, reason=reason, events=-events))
    connection.execute(delete(view_ledger).where(view_ledger.c.hour == hour, view_ledger.c.article_id == article, view_ledger.c.events == 0))


def add_views(connection: Connection, hour: int, article: int, events: int, at: datetime) -> None:
    """Put them among the views of their hour; in its last 5 minutes that have begun, since nobody knows in which they were."""
    bucket = min(hour * BUCKETS + BUCKETS - 1, int(at.timestamp()) // (HOUR // BUCKETS))
    add_rows(connection, article_views_hourly, one_row(hour=hour, article_id=article, views=events, raw=0))
    add_rows(connection, article_views_5min, one_row(bucket=bucket, article_id=article, views=events))
    connection.execute(insert(sums_due).values(added=np.array([(hour, article, events)], DUE).tobytes()))


def one_row(**values: int) -> dict[str, Any]:
    return {name: np.array([value], "i8") for name, value in values.items()}


NOTE = text(
    "INSERT INTO released_views (hour, article_id, reason, network, events, editor, at)"
    " VALUES (:hour, :article, :reason, :network, :events, :editor, :at) ON CONFLICT (hour, article_id, reason, network)"
    " DO UPDATE SET events = released_views.events + excluded.events, editor = excluded.editor, at = excluded.at"
)


class Released(NamedTuple):
    """What an editor released, and when."""

    hour: int
    article: int
    headline: str
    reason: str
    events: int
    editor: str
    at: datetime

    @property
    def began(self) -> datetime:
        return datetime.fromtimestamp(self.hour * HOUR, UTC)


def released(most: int = 50) -> list[Released]:
    """What was released, the latest first."""
    with db.engine.connect() as sql:
        rows = sql.execute(text(RELEASED), {"most": most}).all()
    return [
        Released(row.hour, row.article_id, row.headline, kind_of(row.reason), row.events, row.editor, datetime.fromtimestamp(row.at, UTC))
        for row in rows
    ]


RELEASED = """
SELECT r.hour, r.article_id, a.headline, r.reason, r.events, r.editor, r.at FROM released_views r JOIN article a ON a.id = r.article_id
ORDER BY r.at DESC, r.hour DESC LIMIT :most
"""


def kind_of(reason: int) -> str:
    """Why it was held, in a word: `burst`, or the class of the agent."""
    return BY_CODE[reason].agent or BY_CODE[reason].name


def drop_held(at: datetime) -> None:
    """What was held for 35 days can no longer be released; the ledger keeps it as filtered."""
    with write_unit() as connection:
        connection.execute(delete(held_views).where(held_views.c.hour <= hour_of(at) - HELD_HOURS))
