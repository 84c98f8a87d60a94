"""The rows of a list: article ids and what they are ranked by, the highest first, at a cost that does not grow with the archive."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, TextualSelect, bindparam, text

from newsapp.database import Moment
from newsapp.traffic.asked import SITE, Asked
from newsapp.traffic.counting import BUCKET, HOUR
from newsapp.traffic.thresholds import condition
from newsapp.traffic.windows import Window

EVERY = 1 << 31  # rows; no limit
FEW = 5000  # stories up to which looking each of them up is cheaper than walking down a window
EVER = datetime(1, 1, 1, tzinfo=UTC)


class Ranked(NamedTuple):
    """A row of a list."""

    id: int
    value: float


@dataclass(frozen=True)
class Scope:
    """Whose stories, in SQL. `own` asks it of a row; `source` and `begin` start from those stories; `number` is what to count them in."""

    own: str = ""
    own_sums: str = ""  # of a row of the sums
    source: str = "article a"
    begin: str = "TRUE"
    number: str = ""


TAGGED = "AND EXISTS (SELECT 1 FROM article_tag t WHERE t.tag_id = :of AND t.article_id = {row})"
WRITTEN = "AND EXISTS (SELECT 1 FROM article_author w WHERE w.author_id = :of AND w.article_id = {row})"
INSIDE = "AND EXISTS (SELECT 1 FROM article o WHERE o.id = {row} AND o.section_id = :of)"
SCOPES = {
    SITE: Scope(),
    "section": Scope(INSIDE, "AND v.section_id = :of", begin="a.section_id = :of"),
    "tag": Scope(TAGGED, TAGGED, "article_tag b CROSS JOIN article a", "b.tag_id = :of AND a.id = b.article_id", "article_tag WHERE tag_id = :of"),
    "author": Scope(
        WRITTEN, WRITTEN, "article_author b CROSS JOIN article a", "b.author_id = :of AND a.id = b.article_id",
        "article_author WHERE author_id = :of",
    ),
    "language": Scope(begin="a.language = :of AND a.language <> ''", number="article WHERE language = :of AND language <> ''"),
}  # fmt: skip

# The last hour comes from its 5-minute rollups: rows of that hour only.
HOURLY = """
SELECT v.article_id AS id, v.views AS value
FROM (SELECT article_id, CAST(SUM(views) AS BIGINT) AS views FROM article_views_5min WHERE bucket > :bucket GROUP BY article_id) v
WHERE TRUE {own} ORDER BY v.views DESC, v.article_id DESC LIMIT :length
"""
# The condition repeats the partial index's own, or the database would not use it.
SUMMED = """
SELECT v.article_id AS id, v.{column} AS value FROM article_view_sums v
WHERE {condition} {own} ORDER BY v.{column} DESC, v.article_id DESC LIMIT :length
"""
LIVE = "a.state = 'live' AND a.published_at > :since AND a.published_at <= :now AND (a.expires_at IS NULL OR a.expires_at > :now)"
# CROSS JOIN keeps SQLite from beginning with the sums.
GATHERED = """
SELECT v.article_id AS id, v.{column} AS value FROM {source} CROSS JOIN article_view_sums v
WHERE {begin} AND {live} {own} AND v.article_id = a.id AND v.{column} > 0
ORDER BY v.{column} DESC, v.article_id DESC LIMIT :length
"""
NUMBER = "SELECT COUNT(*) FROM (SELECT 1 FROM {rest} LIMIT :few) few"
NEWEST = "SELECT a.published_at AS moment FROM article a WHERE {begin} AND {live} ORDER BY a.published_at DESC LIMIT 1 OFFSET :few"
MOMENTS = (bindparam("now", type_=Moment), bindparam("since", type_=Moment))


def statement(query: str) -> TextClause:
    return text(query).bindparams(*(moment for moment in MOMENTS if f":{moment.key}" in query))


@functools.lru_cache(maxsize=1000)
def walk_query(kind: str, window: Window, threshold: int) -> TextClause:
    """Down a window's own order, as far as its index goes."""
    scope = SCOPES[kind]
    if window.column is None:
        return statement(HOURLY.format(own=scope.own.format(row="v.article_id")))
    own = scope.own_sums.format(row="v.article_id")
    return statement(SUMMED.format(column=window.column, condition=condition(window, threshold), own=own))


@functools.cache
def scope_query(kind: str, window: Window) -> TextClause:
    """Each story of a scope, looked up."""
    scope = SCOPES[kind]
    return statement(GATHERED.format(column=window.column, source=scope.source, begin=scope.begin, live=LIVE, own=""))


@functools.cache
def young_query(kind: str, window: Window) -> TextClause:
    """Each young story, looked up."""
    own = SCOPES[kind].own.format(row="a.id")
    begin, own = (SCOPES[kind].begin, "") if kind == "section" else ("TRUE", own)
    return statement(GATHERED.format(column=window.column, source="article a", begin=begin, live=LIVE, own=own))


@functools.cache
def number_query(kind: str) -> TextClause:
    return statement(NUMBER.format(rest=SCOPES[kind].number))


@functools.cache
def young_number_query(in_section: bool) -> TextClause:
    begin = SCOPES["section"].begin if in_section else "TRUE"
    return statement(NUMBER.format(rest=f"article a WHERE {begin} AND {LIVE}"))


@functools.cache
def newest_query(in_section: bool) -> TextualSelect:
    return statement(NEWEST.format(begin=SCOPES["section"].begin if in_section else "TRUE", live=LIVE)).columns(moment=Moment)


@dataclass
class Rows:
    """Asks for the rows of one list. `kind` is its scope's, or the site's where that narrows nothing."""

    sql: Connection
    asked: Asked
    kind: str
    at: datetime
    since: datetime  # only stories published after it count; rows of others may be among them
    threshold: int

    def ask(self, query: TextClause, length: int, since: datetime | None = None) -> list[Ranked]:
        bucket = int(self.at.timestamp()) // BUCKET - HOUR // BUCKET
        values = {"of": self.asked.of, "now": self.at, "since": since or self.since, "bucket": bucket, "length": length}
        return [Ranked(*row) for row in self.sql.execute(query, values).all()]

    def has_few(self, query: TextClause) -> bool:
        values = {"of": self.asked.of, "now": self.at, "since": self.since, "few": FEW}
        return int(self.sql.scalar(query, values) or 0) < FEW

    def few(self) -> list[Ranked] | None:
        """Every row, where the stories that can stand in the list are few; else None."""
        if self.asked.window.column is None:
            return None
        if SCOPES[self.kind].number and self.has_few(number_query(self.kind)):
            return self.ask(scope_query(self.kind, self.asked.window), FEW)
        if self.since > EVER and self.has_few(young_number_query(self.kind == "section")):
            return self.young(self.since)
        return None

    def young(self, since: datetime) -> list[Ranked]:
        """Every row of stories that were published after a moment."""
        return self.ask(young_query(self.kind, self.asked.window), EVERY, since)

    def newest(self) -> datetime | None:
        """When the last of the few newest stories was published; None when there are no more than those."""
        values = {"of": self.asked.of, "now": self.at, "since": self.since, "few": FEW}
        moment: datetime | None = self.sql.scalar(newest_query(self.kind == "section"), values)
        return moment

    def walk(self, length: int) -> list[Ranked]:
        """The first rows; fewer than `length` when the index ends there, which is where the window does if the threshold is 0."""
        return self.ask(walk_query(self.kind, self.asked.window, self.threshold), length)

    def rest(self, length: int) -> list[Ranked]:
        """The first rows, whatever the index holds."""
        if self.kind != SITE:
            return self.ask(scope_query(self.kind, self.asked.window), length)
        if self.since > EVER:
            return self.ask(young_query(self.kind, self.asked.window), length)
        return self.ask(walk_query(self.kind, self.asked.window, 0), length)
