"""The monthly report: what every story, section or author had in one month of the site, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from newsapp.news.models import article_path
from newsapp.numbers.article import EPOCH
from newsapp.traffic.days import first_hour
from newsapp.traffic.models import REFERRED

AT_ONCE = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so

FIGURES = ("views", "events", *REFERRED, "visits", "seconds")
# Hours of the last weeks and days of the time before: every view of the month stands in one of them.
PER_ARTICLE = f"""
SELECT article_id, {", ".join(f"SUM({name}) AS {name}" for name in FIGURES)} FROM (
 SELECT article_id, views, raw AS events, {", ".join(REFERRED)}, 0 AS visits, 0 AS seconds FROM article_views_hourly
  WHERE hour >= :first AND hour < :next
 UNION ALL SELECT article_id, views, raw, {", ".join(REFERRED)}, 0, 0 FROM article_views_daily
  WHERE day >= :day AND day < :next_day AND article_id > 0
 UNION ALL SELECT article_id, 0, 0, {", ".join("0" for _ in REFERRED)}, visits, seconds FROM article_engagement_daily
  WHERE day >= :day AND day < :next_day
) month GROUP BY article_id
"""  # noqa: S608 - names of columns


@dataclass(frozen=True)
class Grouping:
    """What a report has a line for: the columns that name it, and the tables behind the sums `m`."""

    slug: str
    label: str
    heads: tuple[str, ...]
    columns: str
    joined: str

    @property
    def query(self) -> str:
        sums = ", ".join(f"SUM(m.{name}) AS {name}" for name in FIGURES)
        return f"SELECT {self.columns}, {sums} FROM m {self.joined} ORDER BY views DESC, 1"  # noqa: S608 - of the records below


STORY = "JOIN article a ON a.id = m.article_id JOIN section s ON s.id = a.section_id"
GROUPINGS = (
    Grouping(
        "article", "Stories", ("id", "headline", "section", "published", "address"),
        "a.id, a.headline, s.name, a.published_at, s.slug, a.slug", f"{STORY} GROUP BY a.id, a.headline, s.name, a.published_at, s.slug, a.slug",
    ),
    Grouping("section", "Sections", ("section", "stories read"), "s.name, COUNT(*)", f"{STORY} GROUP BY s.id, s.name"),
    Grouping(
        "author", "Authors", ("author", "stories read"), "w.name, COUNT(*)",
        "JOIN article_author b ON b.article_id = m.article_id JOIN author w ON w.id = b.author_id GROUP BY w.id, w.name",
    ),
)  # fmt: skip
BY_SLUG = {grouping.slug: grouping for grouping in GROUPINGS}
FIGURE_HEADS = ("views", "events with those that do not count", *(f"views from: {name}" for name in REFERRED), "second reads, %", "visits that told",
                "seconds with it, average")  # fmt: skip


@dataclass(frozen=True)
class Month:
    """One month of the site."""

    year: int
    month: int

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def slug(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def spans(self, zone: ZoneInfo) -> dict[str, int]:
        """Its days and hours, the last exclusive."""
        day, next_day = (self.first - EPOCH).days, (self.next.first - EPOCH).days
        return {"day": day, "next_day": next_day, "first": first_hour(day, zone), "next": first_hour(next_day, zone)}


def lines(sql: Connection, grouping: Grouping, month: Month, zone: ZoneInfo, site: str) -> Iterator[list[Any]]:
    """The report's lines, its heads first. `site` is the address that stands before every story's."""
    yield ["month", *grouping.heads, *FIGURE_HEADS]
    rows = sql.execution_options(yield_per=AT_ONCE).execute(text(f"WITH m AS ({PER_ARTICLE}) {grouping.query}"), month.spans(zone))
    for row in rows:
        own, figures = tuple(row)[: -len(FIGURES)], row[-len(FIGURES) :]
        yield [month.slug, *(named(own, site) if grouping.slug == "article" else own), *told(dict(zip(FIGURES, map(int, figures), strict=True)))]


def named(own: tuple[Any, ...], site: str) -> list[Any]:
    number, headline, section, published, section_slug, slug = own
    return [number, headline, section, str(published or "")[:16], site + article_path(section_slug, slug)]


def told(figures: dict[str, int]) -> list[Any]:
    """The figures of a line, with the shares that are made of them."""
    second = round(100 * figures["article"] / figures["views"], 1) if figures["views"] else 0
    average = round(figures["seconds"] / figures["visits"], 1) if figures["visits"] else 0
    return [figures["views"], figures["events"], *(figures[name] for name in REFERRED), second, figures["visits"], average]


def as_csv(rows: Iterator[list[Any]]) -> Iterator[str]:
    """The rows as CSV (RFC 4180), a thousand at a time."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    for number, row in enumerate(rows, 1):
        writer.writerow([harmless(cell) for cell in row])
        if number % AT_ONCE == 0:
            yield kept.getvalue()
            kept.seek(0)
            kept.truncate()
    yield kept.getvalue()


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
