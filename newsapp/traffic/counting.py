"""Counting: a batch of events from a source into the tables, exactly once.

The transaction that adds a batch moves the source's cursor from where the batch began; when the
cursor is not there any more, another worker was first and nothing is added. So any number of
workers may count the same source, and any of them may die at any moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from newsapp.database import db, write_unit
from newsapp.news.models import LIVE, Article
from newsapp.traffic.events import COUNTED, PAGEVIEW, PIXEL, SLOT, Event, code, navigation_of
from newsapp.traffic.models import count_cursor
from newsapp.traffic.windows import SUMMED

START = "0-0"
BUCKET = 300  # seconds of the finest rollup
HOUR = 3600
IDS_AT_ONCE = 500

RELOAD, REPEAT = code("reload"), code("repeat")
UNKNOWN, UNCONFIRMED, MALFORMED = code("unknown_article"), code("unconfirmed"), code("malformed")

Seen = set[tuple[int, int, int]]


class Slots:
    """Which visitor has opened which article in which 30 s slot: a function of the stream alone.

    Only the two newest slots are kept, since an event is at most one slot late; so any worker can
    build the same state anew from the stream's last minute.
    """

    def __init__(self) -> None:
        self.seen: dict[int, Seen] = {}

    def repeats(self, event: Event, at: int) -> bool:
        """Whether the same visitor's same article is in that slot already; it is from now on."""
        slot = at // SLOT
        if slot not in self.seen:
            self.seen = {kept: keys for kept, keys in self.seen.items() if kept >= slot - 2}
        keys = self.seen.setdefault(slot, set())
        key = event.visitor, event.article, event.flags & PIXEL
        if key in keys:
            return True
        keys.add(key)
        return False

    def reason(self, event: Event, at: int) -> int:
        """The first reason that the stream itself gives against counting; COUNTED when there is none."""
        if event.reason:
            return event.reason
        if navigation_of(event.flags) in ("reload", "back_forward"):
            return RELOAD
        if self.repeats(event, at):
            return REPEAT
        return UNCONFIRMED if event.flags & PIXEL else COUNTED


class Move(NamedTuple):
    """A step of a source's cursor, with what was read between its two ends."""

    source: str
    old: str
    new: str
    entries: int
    events: int


@dataclass
class Batch:
    """What events add up to. Times are seconds since 1970."""

    events: int = 0
    judged: Counter[tuple[int, int, int]] = field(default_factory=Counter)  # (bucket, article, reason) -> events
    malformed: Counter[int] = field(default_factory=Counter)  # hour -> entries

    def add(self, event: Event, at: int, reason: int) -> None:
        self.events += 1
        self.judged[at // BUCKET, event.article, reason] += 1

    def add_malformed(self, at: int) -> None:
        self.events += 1
        self.malformed[at // HOUR] += 1

    @property
    def articles(self) -> set[int]:
        return {article for _, article, _ in self.judged}


@dataclass
class Rows:
    """A batch as rows to add, by the table's primary key."""

    buckets: Counter[tuple[int, int]] = field(default_factory=Counter)
    views: Counter[tuple[int, int]] = field(default_factory=Counter)
    raw: Counter[tuple[int, int]] = field(default_factory=Counter)
    ledger: Counter[tuple[int, int, int, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, batch: Batch, sections: dict[int, int]) -> Rows:
        """Split into views and reasons; an article without a section in `sections` is not live any more."""
        rows = cls()
        for (bucket, article, reason), events in batch.judged.items():
            rows.add(bucket, article, reason, events, article in sections)
        for hour, entries in batch.malformed.items():
            rows.ledger[hour, PAGEVIEW.code, 0, MALFORMED] += entries
        return rows

    def add(self, bucket: int, article: int, reason: int, events: int, known: bool) -> None:
        hour = bucket * BUCKET // HOUR
        if not known and (reason == COUNTED or reason in (RELOAD, REPEAT, UNCONFIRMED)):
            reason = UNKNOWN
        if known:
            self.raw[hour, article] += events
        if reason == COUNTED:
            self.buckets[bucket, article] += events
            self.views[hour, article] += events
        else:
            self.ledger[hour, PAGEVIEW.code, article, reason] += events


def sections_of(connection: Connection, articles: Iterable[int]) -> dict[int, int]:
    """The section of each article that is live."""
    ids = sorted(articles)
    found: dict[int, int] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        query = select(Article.id, Article.section_id).where(Article.id.in_(ids[start : start + IDS_AT_ONCE]), Article.state == LIVE)
        query = query.order_by(Article.id).with_for_update(read=True)  # an editor who moves one to another section waits
        found.update((row.id, row.section_id) for row in connection.execute(query))
    return found


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


def insert_or_ignore(connection: Connection, table: Any) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def commit(moves: Sequence[Move], batch: Batch, at: datetime) -> set[int] | None:
    """Add a batch in one transaction that moves the cursors of its sources.

    Returns the sections whose lists it changed; None when another worker was first, and nothing was added.
    """
    with write_unit() as connection:
        if not all(advance(connection, move, at) for move in moves):
            connection.rollback()
            return None
        sections = sections_of(connection, batch.articles)
        rows = Rows.of(batch, sections)
        add_views(connection, rows)
        add_sums(connection, rows, sections)
    return {sections[article] for _, article in rows.views}


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


# All upserts go in the order of the primary key: two shards that touch the same rows then wait for
# each other on PostgreSQL instead of blocking each other for good.
ADD_BUCKETS = text(
    "INSERT INTO article_views_5min (bucket, article_id, views) VALUES (:bucket, :article, :views)"
    " ON CONFLICT (bucket, article_id) DO UPDATE SET views = article_views_5min.views + excluded.views"
)
ADD_HOURS = text(
    "INSERT INTO article_views_hourly (hour, article_id, views, raw) VALUES (:hour, :article, :views, :raw)"
    " ON CONFLICT (hour, article_id) DO UPDATE SET"
    " views = article_views_hourly.views + excluded.views, raw = article_views_hourly.raw + excluded.raw"
)
ADD_LEDGER = text(
    "INSERT INTO view_ledger (hour, kind, article_id, reason, events) VALUES (:hour, :kind, :article, :reason, :events)"
    " ON CONFLICT (hour, kind, article_id, reason) DO UPDATE SET events = view_ledger.events + excluded.events"
)
COLUMNS = tuple(str(window.column) for window in SUMMED)
ADD_SUMS = text(
    f"INSERT INTO article_view_sums (article_id, section_id, {', '.join(COLUMNS)})"  # noqa: S608 - names from WINDOWS
    f" VALUES (:article, :section, {', '.join(':' + column for column in COLUMNS)})"
    f" ON CONFLICT (article_id) DO UPDATE SET {', '.join(f'{column} = article_view_sums.{column} + excluded.{column}' for column in COLUMNS)}"
)


def add_views(connection: Connection, rows: Rows) -> None:
    if rows.buckets:
        connection.execute(ADD_BUCKETS, [{"bucket": b, "article": a, "views": n} for (b, a), n in sorted(rows.buckets.items())])
    if rows.raw:
        connection.execute(ADD_HOURS, [{"hour": h, "article": a, "views": rows.views[h, a], "raw": n} for (h, a), n in sorted(rows.raw.items())])
    if rows.ledger:
        items = sorted(rows.ledger.items())
        connection.execute(ADD_LEDGER, [{"hour": h, "kind": k, "article": a, "reason": r, "events": n} for (h, k, a, r), n in items])


def add_sums(connection: Connection, rows: Rows, sections: dict[int, int]) -> None:
    """Add views to every window that their hour has not left. Read in the same transaction: a late view would else stay for ever."""
    if not rows.views:
        return
    through = through_hours(connection)
    totals: dict[int, Counter[str]] = {}
    for (hour, article), views in rows.views.items():
        sums = totals.setdefault(article, Counter())
        for window in SUMMED:
            if window.hours is None or hour > through.get(window.slug, -1):
                sums[str(window.column)] += views
    parameters = [{"article": a, "section": sections[a], **{column: sums[column] for column in COLUMNS}} for a, sums in sorted(totals.items())]
    connection.execute(ADD_SUMS, parameters)


def through_hours(connection: Connection) -> dict[str, int]:
    """The last hour that has left each window. Held until the commit, so that no hour leaves in between."""
    lock = " FOR SHARE" if connection.dialect.name == "postgresql" else ""
    query = text(f'SELECT "window", through_hour FROM window_state{lock}')  # noqa: S608 - a constant
    return {row.window: row.through_hour for row in connection.execute(query)}
