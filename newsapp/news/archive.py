"""What was published in a year, a month or on a day, by the paper's clock; and where the next of each lies."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, literal, select, union_all

from newsapp.database import db
from newsapp.news import dates
from newsapp.news.lists import Query
from newsapp.news.models import Article, live_articles, live_at


class Span(NamedTuple):
    """A year, a month of it, or a day of that. `month` and `day` are 0 where the span is longer."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def path(self) -> str:
        return "/" + "/".join([f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part)])

    @property
    def name(self) -> str:
        """25 November 2026, November 2026 or 2026: what its page is called."""
        first = date(self.year, self.month or 1, self.day or 1)
        return dates.full_day(first) if self.day else dates.month(first) if self.month else str(self.year)

    @property
    def own_name(self) -> str:
        """25, November or 2026: what it is called among others of what it lies in."""
        return str(self.day) if self.day else dates.month_alone(date(self.year, self.month, 1)) if self.month else str(self.year)

    @property
    def exists(self) -> bool:
        """Whether the calendar has it."""
        if not 1900 <= self.year <= 9998 or self.month > 12:
            return False
        return not self.day or self.day <= calendar.monthrange(self.year, self.month)[1]

    @property
    def above(self) -> list[Span]:
        """The longer ones that it lies in, the longest first."""
        return [each for each in (Span(self.year), Span(self.year, self.month)) if each != self][: bool(self.month) + bool(self.day)]

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When it begins, and when the next one does."""
        begins = datetime(self.year, self.month or 1, self.day or 1, tzinfo=zone)
        if not self.month:
            ends = begins.replace(year=self.year + 1)
        elif not self.day:
            ends = begins.replace(year=self.year + self.month // 12, month=self.month % 12 + 1)
        else:
            last = self.day == calendar.monthrange(self.year, self.month)[1]
            ends = Span(self.year, self.month).bounds(zone)[1] if last else begins.replace(day=self.day + 1)
        return begins.astimezone(UTC), ends.astimezone(UTC)

    def as_long(self, moment: datetime) -> Span:
        """The span of the same length that a moment lies in."""
        return Span(moment.year, moment.month if self.month else 0, moment.day if self.day else 0)


def in_span(span: Span, at: datetime, zone: ZoneInfo) -> Query:
    begins, ends = span.bounds(zone)
    return live_articles(at).where(Article.published_at >= begins, Article.published_at < ends)


def beside(span: Span, at: datetime, zone: ZoneInfo) -> tuple[Span | None, Span | None]:
    """The nearest spans before and after that have a story."""
    begins, ends = span.bounds(zone)
    earlier = db.session.scalar(select(func.max(Article.published_at)).where(live_at(at), Article.published_at < begins))
    later = db.session.scalar(select(func.min(Article.published_at)).where(live_at(at), Article.published_at >= ends))
    return span.as_long(earlier.astimezone(zone)) if earlier else None, span.as_long(later.astimezone(zone)) if later else None


def within(span: Span, at: datetime, zone: ZoneInfo) -> list[Span]:
    """The months of a year, or the days of a month, that have a story."""
    if span.day:
        return []
    days = calendar.monthrange(span.year, span.month or 1)[1]
    parts = [Span(span.year, span.month, n) for n in range(1, days + 1)] if span.month else [Span(span.year, n) for n in range(1, 13)]
    found = set(db.session.scalars(union_all(*(select(literal(place)).where(has_stories(part, at, zone)) for place, part in enumerate(parts)))))
    return [part for place, part in enumerate(parts) if place in found]


def has_stories(span: Span, at: datetime, zone: ZoneInfo) -> ColumnElement[bool]:
    return in_span(span, at, zone).with_only_columns(Article.id).order_by(None).exists()
