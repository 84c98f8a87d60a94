"""Counting: a batch of events from a source into the tables, exactly once.

The transaction that adds a batch moves the source's cursor from where the batch began; when the
cursor is not there any more, another worker was first and nothing is added. So any number of
workers may count the same source, and any of them may die at any moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, Table, func, insert, select, update

from newsapp.database import db, write_unit
from newsapp.news.models import LIVE, STATES, Article
from newsapp.traffic.days import days_of
from newsapp.traffic.events import COUNTED, FIELDS, PAGEVIEW, REFERRERS, Events, code, host_of, referrer_of
from newsapp.traffic.judging import BURST, Judge
from newsapp.traffic.models import (
    REFERRED,
    article_referrers_daily,
    article_views_5min,
    article_views_hourly,
    count_cursor,
    held_views,
    sums_due,
    view_ledger,
)
from newsapp.traffic.rules import Rules
from newsapp.traffic.upserts import add_rows, bare_rows, insert_or_ignore, order_of

START = "0-0"
BUCKET = 300  # seconds of the finest rollup
HOUR = 3600
MALFORMED = code("malformed")
MANY = 5000  # articles of a batch, from which on it is cheaper to ask which are not live
DUE = np.dtype([("hour", "<i4"), ("article", "<u4"), ("views", "<i4")])  # what a commit adds to the sums

Array = np.ndarray[Any, Any]


class Overtaken(Exception):
    """Another worker was first with something in this batch. It is judged anew in the next turn."""


class Move(NamedTuple):
    """A step of a source's cursor, with what was read between its two ends."""

    source: str
    old: str
    new: str
    entries: int
    events: int


@dataclass
class Batch:
    """Events as read from a source. `at`: when each happened, in seconds since 1970."""

    events: Events = field(default_factory=lambda: np.empty(0, FIELDS))
    at: Array = field(default_factory=lambda: np.empty(0, "i8"))
    malformed: Counter[int] = field(default_factory=Counter)  # hour -> entries that cannot be read
    kind: int = PAGEVIEW.code  # that those are booked as
    ids: tuple[str, ...] = ()  # of each event, where an app gave one

    @property
    def size(self) -> int:
        """Events, an entry that cannot be read being one."""
        return len(self.events) + self.malformed.total()


def live_among(articles: Array) -> Array:
    """Those of some articles that are live, sorted."""
    asked = np.unique(articles)
    with db.engine.connect() as connection:
        if len(asked) > MANY:
            return asked[(asked <= newest(connection)) & ~np.isin(asked, not_live(connection))]
        dialect = connection.dialect.name
        found = bare_rows(connection, LIVE_AMONG[dialect], ids_for(dialect, asked))
    return np.sort(np.array([article for (article,) in found], "u4"))


# All ids in one parameter: a long list of them would be a statement of its own each time.
LIVE_AMONG = {
    "sqlite": f"SELECT id FROM article WHERE id IN (SELECT value FROM json_each(?)) AND state = '{LIVE}'",  # noqa: S608 - constants
    "postgresql": f"SELECT id FROM article WHERE id = ANY(%s) AND state = '{LIVE}'",  # noqa: S608 - constants
}


def newest(connection: Connection) -> int:
    return int(connection.scalar(select(func.max(Article.id))) or 0)


def not_live(connection: Connection) -> Array:
    """The few that are not live. Articles are emptied, never deleted, so of those that ever were the others are."""
    states = sorted(set(STATES) - {LIVE})
    return np.array(connection.execute(select(Article.id).where(Article.state.in_(states))).scalars().all(), "u4")


def ids_for(dialect: str, ids: Array) -> Any:
    return ids.tolist() if dialect == "postgresql" else str(ids.tolist())


Rows = list[tuple[Table, dict[str, Array]]]


class Views:
    """A batch of pageviews, judged, as rows of the tables."""

    def __init__(self, batch: Batch, judge: Judge, rules: Rules, zone: ZoneInfo) -> None:
        self.batch = batch
        self.live = np.isin(batch.events["article"], live_among(batch.events["article"]))
        self.reasons = self.judged(judge, rules)
        self.rows = rows_of(self.batch, self.live, self.reasons, zone)
        self.due = due_of(self.rows)

    def judged(self, judge: Judge, rules: Rules) -> Array:
        """The first reason against each, COUNTED for none."""
        return judge.reasons(self.batch.events, self.batch.at, self.live, rules)

    def write(self, connection: Connection) -> None:
        """Add them, in the open transaction. Raises Overtaken when it must not be committed."""
        write_rows(connection, self.rows)
        if self.due:
            connection.execute(insert(sums_due).values(added=self.due))


def rows_of(batch: Batch, live: Array, reasons: Array, zone: ZoneInfo) -> Rows:
    """What judged pageviews add to each table. `live`: whether each one's article is."""
    counted = reasons == COUNTED
    article, hour = {"article_id": batch.events["article"].astype("i8")}, {"hour": batch.at // HOUR}
    referrer, hosts = referrer_of(batch.events), host_of(batch.events).astype("i8")
    by_class = {name: counted & (referrer == REFERRERS.index(name)) for name in REFERRED}
    network = {"network": batch.events["network"].astype("i8")}
    day = {"day": days_of(hour["hour"], zone)}
    return [
        (article_views_5min, grouped({"bucket": batch.at // BUCKET} | article, {"views": counted})),
        (article_views_hourly, grouped(hour | article, {"views": counted, "raw": live} | by_class, live)),
        (view_ledger, ledger_rows(batch, reasons, ~counted)),
        (held_views, grouped(hour | article | network, {"events": reasons == BURST})),
        (article_referrers_daily, grouped(day | article | {"host": hosts}, {"views": counted & (hosts > 0)})),
    ]


def write_rows(connection: Connection, rows: Rows) -> None:
    for table, columns in rows:
        add_rows(connection, table, columns)


def due_of(rows: Rows) -> bytes:
    """What the window sums are due for views by the hour, packed; empty when nothing."""
    hours = next(columns for table, columns in rows if table is article_views_hourly)
    here = hours["views"] != 0
    due = np.empty(int(here.sum()), DUE)
    due["hour"], due["article"], due["views"] = (hours[name][here] for name in ("hour", "article_id", "views"))
    return due.tobytes()


def ledger_rows(batch: Batch, reasons: Array, booked: Array) -> dict[str, Array]:
    """Rows of the ledger for the events that are booked there, and for entries that cannot be read."""
    kinds, articles = (batch.events["head"] & 15).astype("i8"), batch.events["article"].astype("i8")
    keys = {"hour": batch.at // HOUR, "kind": kinds, "article_id": articles, "reason": reasons.astype("i8")}
    rows = grouped(keys, {"events": booked})
    if not batch.malformed:
        return rows
    hours, times = (np.array(part, "i8") for part in zip(*batch.malformed.items(), strict=True))
    unread = {"hour": hours, "kind": hours * 0 + batch.kind, "article_id": hours * 0, "reason": hours * 0 + MALFORMED, "events": times}
    return {name: np.concatenate([column, unread[name]]) for name, column in rows.items()}


def grouped(keys: dict[str, Array], added: dict[str, Array], listed: Array | None = None) -> dict[str, Array]:
    """Columns of the distinct keys with the sums of what is added; only events that are `listed`, else that add something to the first."""
    here = np.flatnonzero(listed if listed is not None else next(iter(added.values())))
    columns = [column[here] for column in keys.values()]
    order = order_of(columns)
    ordered = [column[order] for column in columns]
    new = np.ones(len(here), bool)
    if len(here):
        new[1:] = np.any([column[1:] != column[:-1] for column in ordered], axis=0)
    starts = np.flatnonzero(new)
    result = {name: column[starts] for name, column in zip(keys, ordered, strict=True)}
    for name, amounts in added.items():
        amounts = amounts[here][order]
        amounts = amounts.astype("i8") if amounts.dtype.kind in "bu" else amounts
        result[name] = np.add.reduceat(amounts, starts) if len(starts) else amounts
    return result


def cursor_of(source: str) -> str:
    """Where counting of a source stands; START for a new one, which is noted."""
    query = select(count_cursor.c.pos).where(count_cursor.c.source == source)
    with db.engine.connect() as connection:
        pos = connection.scalar(query)
    if pos is None:
        with write_unit() as connection:
            connection.execute(insert_or_ignore(connection, count_cursor), {"source": source, "pos": START})
            pos = connection.scalar(query)
    return str(pos)


def commit(moves: Sequence[Move], write: Callable[[Connection], None], at: datetime) -> bool:
    """Write a batch in one transaction that moves the cursors of its sources. False: another worker was first, nothing was added."""
    try:
        with write_unit() as connection:
            if not all(advance(connection, move, at) for move in moves):
                raise Overtaken
            write(connection)
    except Overtaken:
        return False
    return True


def advance(connection: Connection, move: Move, at: datetime) -> bool:
    """Move a cursor forward. False means another worker was first."""
    values = {
        "pos": move.new,
        "entries": count_cursor.c.entries + move.entries,
        "events": count_cursor.c.events + move.events,
        "commits": count_cursor.c.commits + 1,
        "updated_at": int(at.timestamp()),
    }
    here = (count_cursor.c.source == move.source) & (count_cursor.c.pos == move.old)
    return connection.execute(update(count_cursor).where(here).values(values)).rowcount == 1
