"""The site as it is read now: which stories, in which sections, what rises, and the day so far beside the day before."""

from __future__ import annotations

import heapq
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select

from newsapp.database import db
from newsapp.news.models import Section
from newsapp.traffic.busiest import Stories, Story
from newsapp.traffic.counting import BUCKET, HOUR
from newsapp.traffic.days import day_of, first_hour
from newsapp.traffic.models import article_view_sums, article_views_5min, article_views_hourly

SHOWN = 12
BUCKETS = 36  # of the chart: three hours
HALF = 6  # buckets in half an hour
KEPT = 1.5  # seconds that one reading serves all who look
STEADY = 2  # hours after which an hour's sum is taken to stay

VIEWS, BUCKET_OF = article_views_5min.c.views, article_views_5min.c.bucket


class Counts(NamedTuple):
    """Views of one story: of the last minutes, of the last half hour and of the one before."""

    id: int
    lately: int
    half_hour: int
    before: int

    @property
    def rise(self) -> float:
        """By how many standard deviations of chance the last half hour is above the one before (a count varies by its root)."""
        return (self.half_hour - self.before) / sqrt(self.half_hour + self.before + 1)


class Read(NamedTuple):
    """A story as it is read."""

    story: Story
    views: Counts


class Step(NamedTuple):
    """Five minutes of the chart."""

    at: datetime
    views: int


@dataclass(frozen=True)
class Live:
    """All that the board shows."""

    since: datetime  # from when on views are "lately": the begin of the last full five minutes
    lately: int
    steps: list[Step]  # the oldest first; the last one is under way
    busiest: list[Read]
    rising: list[Read]
    sections: list[tuple[str, int]]  # names and views of the last hour
    today: int
    by_now_yesterday: int

    @property
    def highest(self) -> int:
        return max((step.views for step in self.steps), default=0) or 1


class HourSums:
    """The site's views by the hour. Hours that are over are added up once."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], int] = {}

    def of(self, sql: Connection, hours: range) -> dict[int, int]:
        here, newest = str(sql.engine.url), hours.stop - 1
        missing = [hour for hour in hours if (here, hour) not in self.known or hour > newest - STEADY]
        table = article_views_hourly.c
        rows = sql.execute(select(table.hour, func.sum(table.views).label("views")).where(table.hour.in_(missing)).group_by(table.hour))
        self.known.update({(here, hour): 0 for hour in missing} | {(here, row.hour): int(row.views) for row in rows})
        for key in [key for key in self.known if key[1] < newest - 100]:
            del self.known[key]
        return {hour: self.known[here, hour] for hour in hours}


SUMS = HourSums()


def read_live(at: datetime, zone: ZoneInfo) -> Live:
    """The site at a moment."""
    bucket = int(at.timestamp()) // BUCKET
    with db.engine.connect() as sql:
        steps = steps_of(sql, bucket)
        busiest, rising = stories_of(sql, bucket)
        today, yesterday = days_so_far(sql, at, zone)
        since = datetime.fromtimestamp((bucket - 1) * BUCKET, UTC)
        return Live(since, sum(step.views for step in steps[-2:]), steps, busiest, rising, sections_of(sql, bucket), today, yesterday)


def steps_of(sql: Connection, newest: int) -> list[Step]:
    buckets = range(newest - BUCKETS + 1, newest + 1)
    rows = sql.execute(select(BUCKET_OF, func.sum(VIEWS).label("views")).where(BUCKET_OF.in_(buckets)).group_by(BUCKET_OF))
    views = {row.bucket: int(row.views) for row in rows}
    return [Step(datetime.fromtimestamp(bucket * BUCKET, UTC), views.get(bucket, 0)) for bucket in buckets]


def stories_of(sql: Connection, newest: int) -> tuple[list[Read], list[Read]]:
    """The stories that are read most now, and those that rise."""
    counts = counts_of(sql, newest)
    busiest = heapq.nlargest(SHOWN, (each for each in counts if each.lately), key=lambda each: (each.lately, each.half_hour, each.id))
    rising = heapq.nlargest(SHOWN, (each for each in counts if each.rise > 1), key=lambda each: (each.rise, each.id))
    stories = Stories(sql)
    stories.load(each.id for each in [*busiest, *rising])
    return [Read(stories.known[each.id], each) for each in busiest], [Read(stories.known[each.id], each) for each in rising]


def counts_of(sql: Connection, newest: int) -> list[Counts]:
    """The views of every story that was read in the last hour."""
    spans = ((newest - 1, newest + 1), (newest - HALF + 1, newest + 1), (newest - 2 * HALF + 1, newest - HALF + 1))
    sums = [func.sum(case((BUCKET_OF.in_(range(*span)), VIEWS), else_=0)) for span in spans]
    hour = BUCKET_OF.in_(range(newest - 2 * HALF + 1, newest + 1))
    rows = sql.execute(select(article_views_5min.c.article_id, *sums).where(hour).group_by(article_views_5min.c.article_id))
    return [Counts(*map(int, row)) for row in rows]


def sections_of(sql: Connection, newest: int) -> list[tuple[str, int]]:
    """Sections and their views of the last hour, the most first."""
    sums, views = article_view_sums.c, func.sum(VIEWS).label("views")
    joined = article_views_5min.join(article_view_sums, sums.article_id == article_views_5min.c.article_id)
    counted = select(sums.section_id, views).select_from(joined).where(newest - 2 * HALF < BUCKET_OF).group_by(sums.section_id).subquery()
    rows = sql.execute(select(Section.name, counted.c.views).join(counted, counted.c.section_id == Section.id).order_by(counted.c.views.desc()))
    return [(row.name, int(row.views)) for row in rows]


def days_so_far(sql: Connection, at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """Views of the site's day until now, and of the day before until the same hour."""
    hour = int(at.timestamp()) // HOUR
    begin = first_hour(day_of(hour, zone), zone)
    views = SUMS.of(sql, range(begin - 24, hour + 1))
    today = sum(count for each, count in views.items() if each >= begin)
    return today, sum(count for each, count in views.items() if each <= hour - 24)


class Shared:
    """One reading for all who look at the same time: fifty editors cost what one does."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: tuple[float, str, Live] | None = None

    def read(self, at: datetime, zone: ZoneInfo) -> Live:
        key = f"{db.engine.url}{zone.key}"
        with self.lock:
            if self.kept is None or self.kept[1] != key or time.monotonic() > self.kept[0]:
                live = read_live(at, zone)
                self.kept = time.monotonic() + KEPT, key, live
            return self.kept[2]


SHARED = Shared()
