"""Window sums: an hour that leaves a window is taken off its sum, once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text, update

from newsapp.database import db, write_unit
from newsapp.traffic.counting import BUCKET, HOUR, insert_or_ignore, through_hours
from newsapp.traffic.models import window_state
from newsapp.traffic.windows import EXPIRING, Window

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
    """Take one hour off one window. False when another worker was first."""
    with write_unit() as connection:
        here = (window_state.c.window == window.slug) & (window_state.c.through_hour == hour - 1)
        if connection.execute(update(window_state).where(here).values(through_hour=hour)).rowcount == 0:
            return False
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


def merge_days(at: datetime, zone_offset_hours: int = 0) -> int:
    """Merge hours that are older than 32 days, and that every window has let go, into days. Returns the days merged.

    A day is the site's, cut at the nearest hour of UTC. One transaction a day: its hours leave as they arrive.
    """
    with db.engine.connect() as connection:
        through = min(through_hours(connection).values(), default=0)
        first = connection.scalar(text("SELECT MIN(hour) FROM article_views_hourly"))
    if first is None:
        return 0
    last = min(through, hour_of(at) - HOURS_KEPT)
    days = range((first + zone_offset_hours) // 24, (last + zone_offset_hours + 1) // 24)
    return sum(merge_day(day, day * 24 - zone_offset_hours) for day in days)


def merge_day(day: int, first_hour: int) -> bool:
    """Merge one day's hours. False when there were none."""
    hours = {"day": day, "first": first_hour, "next": first_hour + 24}
    with write_unit() as connection:
        if connection.dialect.name == "postgresql":  # nothing may be counted between the two statements
            connection.execute(text("LOCK TABLE article_views_hourly IN SHARE ROW EXCLUSIVE MODE"))
        connection.execute(
            text(
                "INSERT INTO article_views_daily (day, article_id, views, raw, uniques)"
                " SELECT :day, article_id, SUM(views), SUM(raw), 0 FROM article_views_hourly"
                " WHERE hour >= :first AND hour < :next GROUP BY article_id"
                " ON CONFLICT (day, article_id) DO UPDATE SET"
                " views = article_views_daily.views + excluded.views, raw = article_views_daily.raw + excluded.raw"
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
