"""Window sums: what counting adds to them in a step of its own, and the hours that leave them, each once.

A commit of counting leaves one packed row of what the sums are due. This step, the only writer of the
table, takes all such rows of all shards at once: a busy article is then written once a second and not
once a commit, and an editor's save waits less for the table with the most indexes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, select, text, update

from newsapp.database import db, lone_unit, write_unit
from newsapp.news.models import Section
from newsapp.traffic import days
from newsapp.traffic.counting import BUCKET, DUE, HOUR, MANY, Array, grouped, ids_for
from newsapp.traffic.models import REFERRED, sums_due, window_state
from newsapp.traffic.trend import read_trend
from newsapp.traffic.upserts import bare_rows, insert_or_ignore, run_in_portions
from newsapp.traffic.windows import EXPIRING, SUMMED, Window

BUCKETS_KEPT = 3 * HOUR // BUCKET


def hour_of(at: datetime) -> int:
    return int(at.timestamp()) // HOUR


def left_by(window: Window, at: datetime) -> int:
    """The last hour outside a window: a day is the running hour and the 23 before it."""
    return hour_of(at) - (window.hours or 0)


def ensure_windows(at: datetime) -> None:
    """Give every window its row, on the first count of all."""
    with db.engine.connect() as connection:
        known = connection.execute(text('SELECT "window" FROM window_state')).scalars().all()
    missing = [window for window in EXPIRING if window.slug not in known]
    if missing:
        with write_unit() as connection:
            rows = [{"window": window.slug, "through_hour": left_by(window, at)} for window in missing]
            connection.execute(insert_or_ignore(connection, window_state), rows)


def apply_sums() -> set[int]:
    """Add to the sums what they are due. Returns the sections whose lists that changes."""
    with db.engine.connect() as connection:
        if connection.scalar(select(sums_due.c.id).limit(1)) is None:
            return set()
    with lone_unit(sums_due.name) as connection:
        return take_due(connection)


def take_due(connection: Connection) -> set[int]:
    """Add what is due, in the open transaction, and forget it. Returns the sections."""
    rows = connection.execute(select(sums_due.c.id, sums_due.c.added).order_by(sums_due.c.id)).all()
    if not rows:
        return set()
    connection.execute(delete(sums_due).where(sums_due.c.id <= rows[-1].id, sums_due.c.id >= rows[0].id))
    due = np.frombuffer(b"".join(row.added for row in rows), DUE)
    return add_to_sums(connection, totals(connection, due))


def totals(connection: Connection, due: Array) -> dict[str, Array]:
    """By article, what each window's sum grows by: views whose hour has not left it."""
    through = through_hours(connection)
    hours, views = due["hour"].astype("i8"), due["views"].astype("i8")
    added = {str(window.column): np.where(hours > through.get(window.slug, -1), views, 0) for window in SUMMED if window.column != "trend"}
    added["trend"] = views * read_trend(connection).weights(hours)
    return grouped({"article_id": due["article"].astype("i8")}, added, views != 0)


def through_hours(connection: Connection) -> dict[str, int]:
    """The last hour that has left each window; -1 for those that no hour leaves."""
    rows = connection.execute(select(window_state.c.window, window_state.c.through_hour))
    endless = {window.slug: -1 for window in SUMMED if window.hours is None}
    return {row.window: row.through_hour for row in rows} | endless


def add_to_sums(connection: Connection, added: dict[str, Array]) -> set[int]:
    """Add to rows that are there, and begin those that are not. Returns their sections; all when there are many."""
    articles = added["article_id"]
    missing = np.isin(articles, articles_without_sums(connection, articles))
    grow(connection, {name: column[~missing] for name, column in added.items()})
    run(connection, insert_of, {name: column[missing] for name, column in added.items()})
    if len(articles) > MANY:
        return set(connection.scalars(select(Section.id)))
    return set(sections_in_sums(connection, articles).values())


def grow(connection: Connection, added: dict[str, Array]) -> None:
    """Add to rows that are all there."""
    if connection.dialect.name == "postgresql":
        run(connection, update_of, added)
        return
    names = tuple(added)
    flat = list(itertools.chain.from_iterable(zip(*(added[name].tolist() for name in names), strict=True)))
    run_in_portions(connection, lambda rows: upsert_of(names, rows), flat, len(names))


def run(connection: Connection, statement: Callable[[str, list[str]], str], added: dict[str, Array]) -> None:
    columns, dialect = [name for name in added if name != "article_id"], connection.dialect.name
    values = [added[name].tolist() for name in (*columns, "article_id")]
    rows: Any = tuple(values) if dialect == "postgresql" else list(zip(*values, strict=True))
    if values[0]:
        connection.exec_driver_sql(statement(dialect, columns), rows)


def articles_without_sums(connection: Connection, articles: Array) -> list[int]:
    dialect = connection.dialect.name
    return [article for (article,) in bare_rows(connection, WITHOUT[dialect], ids_for(dialect, articles))]


WITHOUT = {
    "sqlite": "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT article_id FROM article_view_sums)",
    "postgresql": "SELECT id FROM unnest(%s::bigint[]) AS due(id) WHERE NOT EXISTS (SELECT 1 FROM article_view_sums WHERE article_id = due.id)",
}


def sections_in_sums(connection: Connection, articles: Array) -> dict[int, int]:
    """The section of each of these articles that has sums."""
    dialect = connection.dialect.name
    return dict(bare_rows(connection, KNOWN[dialect], ids_for(dialect, articles)))


KNOWN = {
    "sqlite": "SELECT article_id, section_id FROM article_view_sums WHERE article_id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT article_id, section_id FROM article_view_sums WHERE article_id = ANY(%s)",
}


@lru_cache(maxsize=8)
def upsert_of(names: tuple[str, ...], rows: int) -> str:
    """For SQLite, whose INSERT takes many rows at once: each is there already, so the section given is never written."""
    grown = ", ".join(f"{name} = {name} + excluded.{name}" for name in names if name != "article_id")
    values = ", ".join([f"(0, {', '.join('?' * len(names))})"] * rows)
    return f"INSERT INTO article_view_sums (section_id, {', '.join(names)}) VALUES {values} ON CONFLICT (article_id) DO UPDATE SET {grown}"  # noqa: S608 - names of columns


def update_of(dialect: str, columns: list[str]) -> str:
    """For PostgreSQL."""
    grown = ", ".join(f"{name} = s.{name} + due.{name}" for name in columns)
    return f"UPDATE article_view_sums AS s SET {grown} FROM {unnested(columns)} WHERE s.article_id = due.article_id"  # noqa: S608


def insert_of(dialect: str, columns: list[str]) -> str:
    """The section is the article's; PostgreSQL holds the article, lest an editor move it in between."""
    listed = ", ".join(columns)
    begin = f"INSERT INTO article_view_sums ({listed}, article_id, section_id)"
    if dialect == "sqlite":
        return f"{begin} SELECT {', '.join('?' for _ in columns)}, id, section_id FROM article WHERE id = ?"  # noqa: S608
    return f"{begin} SELECT {listed}, id, section_id FROM {unnested(columns)} JOIN article ON id = due.article_id FOR SHARE OF article"  # noqa: S608


def unnested(columns: list[str]) -> str:
    kinds = {"trend": "float8"}
    arrays = ", ".join(f"%s::{kinds.get(name, 'bigint')}[]" for name in (*columns, "article_id"))
    return f"unnest({arrays}) AS due({', '.join((*columns, 'article_id'))})"


def expire_windows(at: datetime) -> int:
    """Take off every window the hours that have left it, one short transaction an hour. Returns how many hours left."""
    ensure_windows(at)
    with db.engine.connect() as connection:
        through = through_hours(connection)
    hours = 0
    for window in EXPIRING:
        for hour in range(through[window.slug] + 1, left_by(window, at) + 1):
            hours += expire_hour(window, hour)
    return hours


def expire_hour(window: Window, hour: int) -> bool:
    """Take one hour off one window. False when another worker was first.

    What is due goes in first: of this hour's views, the sum then holds just those that its rows hold.
    """
    with lone_unit(sums_due.name) as connection:
        if through_hours(connection)[window.slug] != hour - 1:
            return False
        take_due(connection)
        connection.execute(update(window_state).where(window_state.c.window == window.slug).values(through_hour=hour))
        column = window.column
        connection.execute(
            text(
                f"UPDATE article_view_sums SET {column} = article_view_sums.{column} - gone.views"  # noqa: S608 - a name from WINDOWS
                " FROM (SELECT article_id, views FROM article_views_hourly WHERE hour = :hour AND views > 0) AS gone"
                " WHERE article_view_sums.article_id = gone.article_id"
            ),
            {"hour": hour},
        )
    return True


def drop_old_buckets(at: datetime) -> None:
    """5-minute rollups answer only for the last hour; three are kept."""
    oldest = int(at.timestamp()) // BUCKET - BUCKETS_KEPT
    with write_unit() as connection:
        connection.execute(text("DELETE FROM article_views_5min WHERE bucket < :oldest"), {"oldest": oldest})


HOURS_KEPT = 32 * 24
LEDGER_HOURS_KEPT = 35 * 24


def merge_days(at: datetime) -> int:
    """Merge hours that are older than 32 days, and that every window has let go, into the site's days. Returns the days merged.

    One transaction a day: its hours leave as they arrive.
    """
    zone = days.SITE_ZONE.read()
    with db.engine.connect() as connection:
        through = through_hours(connection)
        first = connection.scalar(text("SELECT MIN(hour) FROM article_views_hourly"))
    if first is None:
        return 0
    last = min(*(through.get(window.slug, -1) for window in EXPIRING), hour_of(at) - HOURS_KEPT)
    return sum(
        merge_day(day, days.first_hour(day, zone), days.first_hour(day + 1, zone))
        for day in range(days.day_of(first, zone), days.day_of(last + 1, zone))
    )


MERGED = ("views", "raw", *REFERRED)


def merge_day(day: int, first_hour: int, next_hour: int) -> bool:
    """Merge one day's hours. False when there were none."""
    hours = {"day": day, "first": first_hour, "next": next_hour}
    with write_unit() as connection:
        if connection.dialect.name == "postgresql":  # nothing may be counted between the two statements
            connection.execute(text("LOCK TABLE article_views_hourly IN SHARE ROW EXCLUSIVE MODE"))
        connection.execute(
            text(
                f"INSERT INTO article_views_daily (day, article_id, uniques, {', '.join(MERGED)})"  # noqa: S608 - names of columns
                f" SELECT :day, article_id, 0, {', '.join(f'SUM({name})' for name in MERGED)} FROM article_views_hourly"
                " WHERE hour >= :first AND hour < :next GROUP BY article_id ON CONFLICT (day, article_id) DO UPDATE SET "
                + ", ".join(f"{name} = article_views_daily.{name} + excluded.{name}" for name in MERGED)
            ),
            hours,
        )
        gone = connection.execute(text("DELETE FROM article_views_hourly WHERE hour >= :first AND hour < :next"), hours)
    return gone.rowcount > 0


def merge_ledger(at: datetime) -> None:
    """Merge the ledger's hours that are older than 35 days into the first hour of their day. What it sums to stays."""
    with db.engine.connect() as connection:
        last = (hour_of(at) - LEDGER_HOURS_KEPT) // 24
        loose = text("SELECT DISTINCT hour / 24 FROM view_ledger WHERE hour < :before AND hour % 24 > 0")
        days = connection.execute(loose, {"before": last * 24}).scalars().all()
    for day in sorted(days):
        merge_ledger_day(int(day))


def merge_ledger_day(day: int) -> None:
    hours = {"first": day * 24, "next": day * 24 + 24}
    with write_unit() as connection:
        connection.execute(
            text(
                "INSERT INTO view_ledger (hour, kind, article_id, reason, events)"
                " SELECT :first, kind, article_id, reason, SUM(events) FROM view_ledger"
                " WHERE hour > :first AND hour < :next GROUP BY kind, article_id, reason"
                " ON CONFLICT (hour, kind, article_id, reason) DO UPDATE SET events = view_ledger.events + excluded.events"
            ),
            hours,
        )
        connection.execute(text("DELETE FROM view_ledger WHERE hour > :first AND hour < :next"), hours)
