"""The busiest stories of a list, exactly: of those that readers may see, what no other could stand before."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, text

from newsapp.database import Moment
from newsapp.news.models import LIVE, Section, article_path
from newsapp.traffic.asked import AVERAGE, LENGTH, SITE, VIEWS, Asked, scope_of
from newsapp.traffic.counting import HOUR
from newsapp.traffic.rows import EVER, Ranked, Rows
from newsapp.traffic.thresholds import thresholds
from newsapp.traffic.windows import Window

DAY = timedelta(days=1)
FIRST = LENGTH + 10  # rows asked for at first: some stories may be off the site, or held out
MORE = 4  # times as many, when those were not enough
IDS_AT_ONCE = 500


class Story(NamedTuple):
    """What a list needs to know of an article."""

    id: int
    path: str
    headline: str
    section: str
    section_slug: str
    section_id: int
    state: str
    language: str
    published_at: datetime
    expires_at: datetime | None = None

    def is_live(self, at: datetime) -> bool:
        return self.state == LIVE and self.published_at <= at and (self.expires_at is None or self.expires_at > at)

    def line(self) -> dict[str, Any]:
        """As lists show it."""
        named = {"language": self.language} if self.language else {}
        return {"id": self.id, "path": self.path, "headline": self.headline, "section": self.section, "section_slug": self.section_slug, **named}


LOAD = text(
    "SELECT a.id, a.slug, a.headline, a.list_headline, a.section_id, a.state, a.language, a.published_at, a.expires_at,"
    " s.slug AS section_slug, s.name AS section FROM article a JOIN section s ON s.id = a.section_id WHERE a.id IN :ids"
).bindparams(bindparam("ids", expanding=True)).columns(published_at=Moment, expires_at=Moment)  # fmt: skip


class Stories:
    """Articles by id, each loaded once for all lists that are made together."""

    def __init__(self, sql: Connection) -> None:
        self.sql = sql
        self.known: dict[int, Story] = {}

    def load(self, ids: Iterable[int]) -> None:
        missing = sorted({*ids} - self.known.keys())
        for start in range(0, len(missing), IDS_AT_ONCE):
            rows = self.sql.execute(LOAD, {"ids": missing[start : start + IDS_AT_ONCE]}).all()
            for number, slug, headline, in_lists, section_id, state, language, published_at, expires_at, section_slug, section in rows:
                path, shown, out = article_path(section_slug, slug), in_lists or headline, published_at or NEVER
                self.known[number] = Story(number, path, shown, section, section_slug, section_id, state, language, out, expires_at)


NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # a draft's date


@dataclass(frozen=True)
class Terms:
    """What a story must be to stand in any list: not held out, and not too old."""

    held_out: frozenset[int] = frozenset()
    oldest: datetime = EVER
    per_section: int = 0  # stories of one section in the site's list; 0: any number
    language: str = ""  # the paper's, of stories that name none


class Placed(NamedTuple):
    """A story and what it is ranked by."""

    story: Story
    value: float
    rank: float

    @property
    def order(self) -> tuple[float, int]:
        return self.rank, self.story.id


def first_moment(window: Window, at: datetime) -> datetime:
    """When a window begins: a day is the running hour and the 23 before it."""
    if window.hours is None:
        return EVER
    return datetime.fromtimestamp((int(at.timestamp()) // HOUR - window.hours + 1) * HOUR, UTC)


def days_online(published_at: datetime, window: Window, at: datetime) -> float:
    """For how many days of a window a story has been on the site, one at least: what views are divided by for the average."""
    return max(1.0, (at - max(published_at, first_moment(window, at))) / DAY)


class Busiest:
    """Makes lists as of one moment, from one reading of what they share."""

    def __init__(self, sql: Connection, at: datetime, terms: Terms) -> None:
        self.sql, self.at, self.terms = sql, at, terms
        self.stories = Stories(sql)
        self.thresholds = thresholds(sql)

    def of(self, asked: Asked, length: int) -> list[Placed]:
        """The first stories of a list; of equals the newer leads."""
        if asked.scope == SITE and self.terms.per_section:
            return self.spread(asked, length)
        rows = self.rows(asked)
        few = rows.few()
        return self.walked(asked, rows, length) if few is None else self.best(asked, few, length)

    def rows(self, asked: Asked) -> Rows:
        kind = SITE if asked.kind == "language" and asked.of == self.terms.language else asked.kind
        return Rows(self.sql, asked, kind, self.at, self.since(asked), self.thresholds.get(asked.window.slug, 0))

    def since(self, asked: Asked) -> datetime:
        return max(asked.since(self.at) or EVER, self.terms.oldest)

    def spread(self, asked: Asked, length: int) -> list[Placed]:
        """The site's list with so many of each section at most: each section gives its first ones."""
        sections = self.sql.scalars(select(Section.id)).all()
        best = [placed for section in sections for placed in self.of(replace(asked, scope=scope_of(section)), self.terms.per_section)]
        return heapq.nlargest(length, best, key=lambda placed: placed.order)

    def walked(self, asked: Asked, rows: Rows, length: int) -> list[Placed]:
        """Down the window until nobody further down can come in."""
        young, least_days = self.young(asked, rows)
        kept: list[Placed] = []
        for ask in (rows.walk, rows.rest) if rows.threshold else (rows.walk,):
            for number in (FIRST * MORE**step for step in itertools.count()):
                found = ask(number)
                kept = self.best(asked, [*young, *found], length)
                if len(kept) == length and found and (asked.order == VIEWS or kept[-1].rank > found[-1].value / least_days):
                    return kept
                if len(found) < number:
                    break
        return kept

    def young(self, asked: Asked, rows: Rows) -> tuple[list[Ranked], float]:
        """Where averages are asked for: the newest stories, and for how many days all others were online at least."""
        if asked.order == VIEWS:
            return [], 1.0
        moment = rows.newest() or rows.since
        return rows.young(moment), days_online(moment, asked.window, self.at)

    def best(self, asked: Asked, rows: list[Ranked], length: int) -> list[Placed]:
        """The first of these rows that may stand in the list. Rows come with the highest first, so views need not look at all."""
        placed: dict[int, Placed] = {}
        may_stand, known = self.condition(asked), self.stories.known
        for start in range(0, len(rows), FIRST):
            some = rows[start : start + FIRST]
            self.stories.load(number for number, _ in some)
            stories = ((row, known[row.id]) for row in some if row.id in known)
            placed |= {row.id: self.placed(asked, row, story) for row, story in stories if may_stand(story)}
            if asked.order == VIEWS and len(placed) >= length:
                break
        if asked.order == VIEWS:
            return list(itertools.islice(placed.values(), length))
        return heapq.nlargest(length, placed.values(), key=lambda each: each.order)

    def placed(self, asked: Asked, row: Ranked, story: Story) -> Placed:
        days = days_online(story.published_at, asked.window, self.at) if asked.order == AVERAGE else 1.0
        return Placed(story, row.value, row.value / days)

    def condition(self, asked: Asked) -> Callable[[Story], bool]:
        """What a story must fulfil to stand in that list."""
        since, at, held_out = self.since(asked), self.at, self.terms.held_out
        language = asked.of if asked.kind == "language" else None

        def may_stand(story: Story) -> bool:
            if not story.is_live(at) or story.id in held_out or story.published_at <= since:
                return False
            return language is None or (story.language or self.terms.language) == language

        return may_stand
