"""The numbers of one article: its views, why events do not count, where readers came from and how they were with it.

Each question names its hours or days, and so goes by the primary key: no table of counts is searched for an article.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, func, select

from newsapp.database import db
from newsapp.traffic import uniques
from newsapp.traffic.causes import Cause, booked_of
from newsapp.traffic.counting import BUCKET, HOUR
from newsapp.traffic.days import day_of, days_of
from newsapp.traffic.events import BY_CODE, COPIES, COUNTED
from newsapp.traffic.models import (
    REFERRED,
    article_engagement_daily,
    article_referrers_daily,
    article_view_sums,
    article_views_5min,
    article_views_daily,
    article_views_hourly,
    referrer_host,
    view_ledger,
)
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import SUMMED, WINDOWS

HOURS_SHOWN = 48
DAYS_SHOWN = 30
HOSTS_SHOWN = 10
EPOCH = date(1970, 1, 1)
SOURCES = {
    "direct": "Direct", "article": "Another story of ours", "internal": "Another page of ours", "search": "Search engines",
    "social": "Social networks", "other": "Other sites", "unknown": "Not told",
}  # fmt: skip


class Lately(NamedTuple):
    """Views since the last full five minutes began."""

    since: datetime
    views: int


class HourLine(NamedTuple):
    """What one hour held."""

    at: datetime
    views: int
    events: dict[Cause, int]


class DayLine(NamedTuple):
    """What one day of the site held. `visitors` is None where it is not known."""

    day: date
    views: int
    visitors: int | None
    visits: int
    seconds: float  # engaged, of the average visit


class Share(NamedTuple):
    """One part of a whole. `part` is from 0 to 1."""

    label: str
    times: int
    part: float


@dataclass(frozen=True)
class Numbers:
    """All that the desk shows of an article."""

    lately: Lately
    windows: list[tuple[str, int]]
    hours: list[HourLine]  # the newest first
    causes: list[Cause]  # that occur in these hours: crawlers' fetches, then events that do not count
    days: list[DayLine]  # the newest first
    sources: list[Share]
    hosts: list[tuple[str, int]]  # name and views; an empty name for those that nobody knows
    visits: int
    seconds: float
    reached: list[Share]  # of the visits: each quarter, and the end
    copied: int  # times in these days
    refused_copies: int

    @property
    def second_reads(self) -> Share | None:
        """Views of readers who came from another story of ours."""
        return next((source for source in self.sources if source.label == SOURCES["article"]), None)

    @property
    def busiest_hour(self) -> int:
        return max(line.views for line in self.hours)

    @property
    def busiest_day(self) -> int:
        return max(line.views for line in self.days)


def read_numbers(article: int, at: datetime, zone: ZoneInfo, visitors_today: int | None) -> Numbers:
    """An article's numbers as they stand. `visitors_today`: of the running day of visitors, as Redis knows them."""
    newest = hour_of(at)
    today = day_of(newest, zone)
    days = list(range(today, today - DAYS_SHOWN, -1))
    with db.engine.connect() as sql:
        hours = hour_lines(sql, article, newest)
        rows = hourly_rows(sql, article, range(newest - (DAYS_SHOWN + 1) * 24, newest + 1), zone)
        engaged = engagement(sql, article, days)
        known = visitors(sql, article, days) | {uniques.day_of(newest): visitors_today}
        by_day: Counter[int] = Counter()
        for day, row in rows:
            by_day[day] += row.views
        return Numbers(
            lately(sql, article, at), windows(sql, article, at), hours, causes_in(hours),
            [day_line(day, by_day[day], known, engaged) for day in days],
            sources([row for day, row in rows if day in days]), hosts(sql, article, days), *reading(engaged.values()),
            *copies(sql, article, range(newest - DAYS_SHOWN * 24, newest + 1)),
        )  # fmt: skip


def lately(sql: Connection, article: int, at: datetime) -> Lately:
    bucket, table = int(at.timestamp()) // BUCKET - 1, article_views_5min.c
    views = sql.scalar(select(func.sum(table.views)).where(table.bucket.in_((bucket, bucket + 1)), table.article_id == article))
    return Lately(datetime.fromtimestamp(bucket * BUCKET, UTC), int(views or 0))


def windows(sql: Connection, article: int, at: datetime) -> list[tuple[str, int]]:
    """Label and views of each window that counts views."""
    newest = int(at.timestamp()) // BUCKET
    buckets = article_views_5min.c.bucket.in_(range(newest - HOUR // BUCKET + 1, newest + 1))
    last_hour = sql.scalar(select(func.sum(article_views_5min.c.views)).where(buckets, article_views_5min.c.article_id == article)) or 0
    row = sql.execute(select(article_view_sums).where(article_view_sums.c.article_id == article)).mappings().one_or_none()
    sums: dict[str, int] = dict(row or {})
    shown = [window for window in WINDOWS if window.column is None or window in SUMMED]
    return [(window.label, int(sums.get(window.column, 0)) if window.column else int(last_hour)) for window in shown]


def hour_lines(sql: Connection, article: int, newest: int) -> list[HourLine]:
    hours = range(newest, newest - HOURS_SHOWN, -1)
    table = article_views_hourly.c
    views = {row.hour: row.views for row in sql.execute(select(table.hour, table.views).where(table.hour.in_(hours), table.article_id == article))}
    events: dict[int, dict[Cause, int]] = {}
    for row in sql.execute(select(view_ledger).where(view_ledger.c.hour.in_(hours), *booked_of(article))):
        events.setdefault(row.hour, {})[Cause(row.kind, row.reason)] = row.events
    return [HourLine(datetime.fromtimestamp(hour * HOUR, UTC), views.get(hour, 0), events.get(hour, {})) for hour in hours]


def causes_in(hours: list[HourLine]) -> list[Cause]:
    found = {cause for line in hours for cause in line.events}
    return sorted(found, key=lambda cause: (not cause.is_crawl, cause.is_crawl and cause.reason != BY_AI, cause))


BY_AI = next(code for code, reason in BY_CODE.items() if reason.agent == "ai")


def hourly_rows(sql: Connection, article: int, hours: range, zone: ZoneInfo) -> list[tuple[int, Any]]:
    """An article's hours that have a row, each with the site's day that it belongs to."""
    table = article_views_hourly.c
    rows = sql.execute(select(article_views_hourly).where(table.hour.in_(hours), table.article_id == article)).all()
    return list(zip(days_of(np.array([row.hour for row in rows], "i8"), zone).tolist(), rows, strict=True))


def visitors(sql: Connection, article: int, days: list[int]) -> dict[int, int | None]:
    """Unique visitors of the days that are over."""
    table = article_views_daily.c
    rows = sql.execute(select(table.day, table.uniques).where(table.day.in_(days), table.article_id == article))
    return {row.day: row.uniques or None for row in rows}


def engagement(sql: Connection, article: int, days: list[int]) -> dict[int, Any]:
    table = article_engagement_daily.c
    return {row.day: row for row in sql.execute(select(article_engagement_daily).where(table.day.in_(days), table.article_id == article))}


def day_line(day: int, views: int, known: dict[int, int | None], engaged: dict[int, Any]) -> DayLine:
    row = engaged.get(day)
    return DayLine(EPOCH + timedelta(days=day), views, known.get(day), row.visits if row else 0, row.seconds / row.visits if row else 0.0)


def sources(rows: list[Any]) -> list[Share]:
    """Views by the kind of place that readers came from, the most first."""
    counts = {name: sum(getattr(row, name) for row in rows) for name in REFERRED}
    total = sum(row.views for row in rows)
    counts["unknown"] = total - sum(counts.values())
    found = [Share(SOURCES[name], views, views / total) for name, views in counts.items() if views > 0]
    return sorted(found, key=lambda share: -share.times)


def hosts(sql: Connection, article: int, days: list[int]) -> list[tuple[str, int]]:
    table, views = article_referrers_daily.c, func.sum(article_referrers_daily.c.views).label("views")
    mine = select(table.host, views).where(table.day.in_(days), table.article_id == article).group_by(table.host).subquery()
    named = select(referrer_host.c.name, mine.c.views).select_from(mine.outerjoin(referrer_host, referrer_host.c.host == mine.c.host))
    rows = sql.execute(named.order_by(mine.c.views.desc(), referrer_host.c.name).limit(HOSTS_SHOWN))
    return [(row.name or "", int(row.views)) for row in rows]


def copies(sql: Connection, article: int, hours: range) -> list[int]:
    """How often it was copied from, and how often that was refused."""
    table = view_ledger.c
    mine = (table.hour.in_(hours), table.kind.in_([kind.code for kind in COPIES]), table.article_id == article, table.reason == COUNTED)
    query = select(table.kind, func.sum(table.events).label("events")).where(*mine).group_by(table.kind)
    found = {row.kind: row.events for row in sql.execute(query)}
    return [int(found.get(kind.code, 0)) for kind in COPIES]


def reading(rows: Iterable[Any]) -> tuple[int, float, list[Share]]:
    """Visits, their average engaged seconds, and how far they came."""
    rows = list(rows)
    visits = sum(row.visits for row in rows)
    if not visits:
        return 0, 0.0, []
    reached = {f"{quarter}/4 of the story": sum(getattr(row, f"quarter_{quarter}") for row in rows) for quarter in (1, 2, 3, 4)}
    reached["Read to the end"] = sum(row.ended for row in rows)
    shares = [Share(label, count, count / visits) for label, count in reached.items()]
    return visits, sum(row.seconds for row in rows) / visits, shares
