"""Thresholds: the indexes of a window hold only sums that could come into a list, so that counting need not tend the rest.

They are reset at night, from the data: first the new indexes, then the number that queries go by, then
the old ones go. Between two of these steps lists are asked for as before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlalchemy import Connection, inspect, text, update

from newsapp.database import analyse, db, write_unit
from newsapp.traffic import trend
from newsapp.traffic.asked import LENGTH
from newsapp.traffic.models import window_state
from newsapp.traffic.upserts import insert_or_ignore
from newsapp.traffic.windows import BY_SLUG, KEPT, Window

log = structlog.get_logger()

SMALL = 50_000  # rows with views below which the indexes that the migrations made are good enough
INDEXED = 20_000  # rows that an index is to hold
MOST_INDEXED = 100_000  # and at most, for the sake of sections with few readers
IN_A_SECTION = 2 * LENGTH
NO_HOUR = 2**31 - 1  # through_hour of windows that no hour leaves: they hold no hour back from becoming part of a day

READ = ("article", "article_tag", "article_author", "article_view_sums", "article_views_5min", "article_views_hourly")  # by lists

Kinds = tuple[tuple[str, ...], ...]
KINDS: Kinds = ((), ("section_id",))


def thresholds(sql: Connection) -> dict[str, int]:
    """Each window's threshold; 0 where there is none."""
    return {row.window: row.threshold for row in sql.execute(text('SELECT "window", threshold FROM window_state'))}


def least(window: Window, threshold: int) -> str:
    """The least sum that an index holds, as SQL. Weighed sums grow without end, so theirs is a power of two."""
    return repr(2.0**threshold) if window.weighed else str(threshold)


def condition(window: Window, threshold: int, row: str = "v.") -> str:
    """What a row must be to stand in the indexes."""
    return f"{row}{window.column} >= {least(window, threshold)}" if threshold else f"{row}{window.column} > 0"


def index_name(window: Window, kind: tuple[str, ...], threshold: int) -> str:
    return "_".join(("ix_sums", *kind, str(window.column), *(("from", str(threshold)) if threshold else ())))


def reset() -> int:
    """Give every window the threshold that its sums call for. Returns how many moved."""
    moved = sum(reset_window(window) for window in KEPT)
    analyse(*READ)
    return moved


def lighten_trend(at: datetime) -> bool:
    """Make Trending's weights lighter when it is time; all of its sums are smaller then, and so is what could be listed."""
    return trend.lighten(at) and reset_window(BY_SLUG["trend"])


def reset_window(window: Window) -> bool:
    """Move one window's threshold. False when it stands where it should."""
    with db.engine.connect() as sql:
        old, new = thresholds(sql).get(window.slug, 0), fitting(sql, window)
    keep = {index_name(window, kind, old) for kind in KINDS}
    drop(window, keep)  # what a run that was killed has left
    if new == old:
        return False
    for kind in KINDS:
        make_index(window, kind, new)
    move(window, new)
    drop(window, {index_name(window, kind, new) for kind in KINDS})
    log.info("threshold moved", window=window.slug, old=old, new=new)
    return True


def fitting(sql: Connection, window: Window) -> int:
    """The threshold with which the index holds enough for the site and, where it can, for every section."""
    if int(sql.scalar(text(f"SELECT COUNT(*) FROM article_view_sums WHERE {window.column} > 0")) or 0) < SMALL:  # noqa: S608 - from WINDOWS
        return 0
    wanted = min([at_rank(sql, window, INDEXED), *at_rank_in_sections(sql, window)])
    value = max(wanted, at_rank(sql, window, MOST_INDEXED))
    return max(0, math.floor(math.log2(value))) if window.weighed else int(value) if value > 1 else 0


def at_rank(sql: Connection, window: Window, rank: int) -> float:
    """The sum that stands at that place; 0 when fewer have any."""
    column = window.column
    query = f"SELECT {column} FROM article_view_sums WHERE {column} > 0 ORDER BY {column} DESC LIMIT 1 OFFSET :rank"  # noqa: S608 - from WINDOWS
    return float(sql.scalar(text(query), {"rank": rank - 1}) or 0)


def at_rank_in_sections(sql: Connection, window: Window) -> Iterable[float]:
    """The sum at the place to which each section's list must reach, of those that reach so far."""
    column = window.column
    placed = f"SELECT {column} AS value, ROW_NUMBER() OVER (PARTITION BY section_id ORDER BY {column} DESC) AS place"
    query = f"SELECT value FROM ({placed} FROM article_view_sums WHERE {column} > 0) placed WHERE place = :place"  # noqa: S608 - the line above
    return [float(value) for value in sql.scalars(text(query), {"place": IN_A_SECTION})]


def make_index(window: Window, kind: tuple[str, ...], threshold: int) -> None:
    """Build one index; PostgreSQL does it while counting goes on."""
    columns = [*kind, str(window.column)]
    name, where = index_name(window, kind, threshold), condition(window, threshold, row="")
    if db.engine.dialect.name == "postgresql":
        columns += ["article_id"] if threshold else []  # SQLite's rows end with it anyway
        execute_alone(f"CREATE INDEX CONCURRENTLY {name} ON article_view_sums ({', '.join(columns)}) WHERE {where}")
        return
    with write_unit() as sql:
        sql.execute(text(f"CREATE INDEX {name} ON article_view_sums ({', '.join(columns)}) WHERE {where}"))


def move(window: Window, threshold: int) -> None:
    """Let queries go by another threshold."""
    with write_unit() as sql:
        sql.execute(insert_or_ignore(sql, window_state), {"window": window.slug, "through_hour": NO_HOUR, "threshold": 0})
        sql.execute(update(window_state).where(window_state.c.window == window.slug).values(threshold=threshold))


def drop(window: Window, keep: set[str]) -> None:
    """Drop a window's indexes but these."""
    ours = [name for kind in KINDS for name in indexes() if is_of(name, window, kind)]
    for name in sorted({*ours} - keep):
        if db.engine.dialect.name == "postgresql":
            execute_alone(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            continue
        with write_unit() as sql:
            sql.execute(text(f"DROP INDEX IF EXISTS {name}"))


def indexes() -> list[str]:
    return [str(index["name"]) for index in inspect(db.engine).get_indexes("article_view_sums")]


def is_of(name: str, window: Window, kind: tuple[str, ...]) -> bool:
    first = index_name(window, kind, 0)
    return name == first or name.startswith(f"{first}_from_")


def execute_alone(statement: str) -> None:
    """Outside a transaction, as PostgreSQL wants it for CONCURRENTLY."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as sql:
        sql.execute(text(statement))
