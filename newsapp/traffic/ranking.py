"""Most Viewed: lists built from the window sums and published as copies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import redis
from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.engine import Row

from newsapp.copies import Copy, write
from newsapp.database import Moment, db, now
from newsapp.news.models import Section, article_path
from newsapp.traffic.counting import BUCKET, HOUR
from newsapp.traffic.windows import BY_SLUG, WINDOWS, Window

LENGTH = 100  # 50 that a page may show, and 50 more in case some are hidden before the next list
SITE = "site"

# CROSS JOIN keeps SQLite from beginning with the articles, of which an archive has a million.
# The last hour comes from its 5-minute rollups: rows of that hour only.
LAST_HOUR = """
SELECT SUM(v.views) AS views, {columns} FROM article_views_5min v CROSS JOIN article a CROSS JOIN section s
WHERE v.bucket > :since AND a.id = v.article_id AND s.id = a.section_id AND a.state = 'live' AND a.published_at <= :now {section}
GROUP BY {group} ORDER BY 1 DESC, a.id DESC LIMIT :length
"""
# The condition repeats the partial index's own, or the database would not use it.
SUMMED = """
SELECT v.{column} AS views, {columns} FROM article_view_sums v CROSS JOIN article a CROSS JOIN section s
WHERE v.{column} > 0 AND a.id = v.article_id AND s.id = a.section_id AND a.state = 'live' AND a.published_at <= :now {section}
ORDER BY v.{column} DESC, v.article_id DESC LIMIT :length
"""
COLUMNS = "a.id, a.slug, a.headline, a.list_headline, s.slug AS section_slug, s.name AS section_name"
GROUP = "a.id, a.slug, a.headline, a.list_headline, s.slug, s.name"


def query_of(window: Window, in_section: bool) -> str:
    if window.column is None:
        return LAST_HOUR.format(columns=COLUMNS, group=GROUP, section="AND a.section_id = :section" if in_section else "")
    return SUMMED.format(column=window.column, columns=COLUMNS, section="AND v.section_id = :section" if in_section else "")


NOW = bindparam("now", type_=Moment)
QUERIES = {(window.slug, in_section): text(query_of(window, in_section)).bindparams(NOW) for window in WINDOWS for in_section in (False, True)}


def busiest(sql: Connection, window: Window, section_id: int | None, at: datetime) -> list[dict[str, Any]]:
    """The most viewed live articles of a window, of the site or of one section; of equals the newer leads."""
    since = int(at.timestamp()) // BUCKET - HOUR // BUCKET
    values = {"since": since, "section": section_id, "length": LENGTH, "now": at}
    rows = sql.execute(QUERIES[window.slug, section_id is not None], values)
    return [item(row) for row in rows]


def item(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "path": article_path(row.section_slug, row.slug),
        "headline": row.list_headline or row.headline,
        "section": row.section_name,
        "section_slug": row.section_slug,
        "views": int(row.views),
    }


def revision(sql: Connection, at: datetime) -> int:
    """A number that grows with all that a list depends on: commits, expired hours, changes, the minute."""
    parts = (
        "SELECT COALESCE(SUM(commits), 0) FROM count_cursor",
        "SELECT COALESCE(SUM(through_hour), 0) FROM window_state",
        "SELECT COALESCE(MAX(id), 0) FROM change",
    )
    return sum(int(sql.scalar(text(part)) or 0) for part in parts) + int(at.timestamp()) // 60


def scope_of(section_id: int | None) -> str:
    return SITE if section_id is None else f"section-{section_id}"


def section_in(scope: str) -> int | None:
    """The section of a scope; None for the site. Raises ValueError."""
    return None if scope == SITE else int(scope.removeprefix("section-"))


def build_list(sql: Connection, scope: str, window: Window, at: datetime, number: int) -> dict[str, Any]:
    """A list as its copy holds it."""
    items = busiest(sql, window, section_in(scope), at)
    return {"revision": number, "scope": scope, "window": window.slug, "as_of": at.isoformat(timespec="seconds"), "items": items}


def list_copy(name: str) -> Copy:
    """The copy of a list named `list:<scope>:<window>`. Raises KeyError for a window that is not there."""
    _, scope, slug = name.split(":")
    window = BY_SLUG[slug]

    def build() -> dict[str, Any]:
        at = now()
        with db.engine.connect() as sql:
            return build_list(sql, scope, window, at, revision(sql, at))

    return Copy(name, build)


def publish(connection: redis.Redis, sections: Iterable[int], at: datetime) -> int:
    """Publish the site's lists and those of these sections, every window. Returns how many were written."""
    scopes = [SITE, *(scope_of(section) for section in sorted(set(sections)))]
    with db.engine.connect() as sql:
        number = revision(sql, at)
        lists = [build_list(sql, scope, window, at, number) for scope in scopes for window in WINDOWS]
    return sum(write(connection, f"news:list:{value['scope']}:{value['window']}", value) for value in lists)


def publish_all(connection: redis.Redis, at: datetime) -> int:
    """Publish every list: what the clock alone changes, and what Redis may have lost."""
    with db.engine.connect() as sql:
        sections = sql.scalars(select(Section.id)).all()
    return publish(connection, sections, at)


def sums_follow(article_id: int, section_id: int) -> None:
    """Move an article's sums to its new section, in the transaction that moves the article."""
    move = text("UPDATE article_view_sums SET section_id = :section WHERE article_id = :article")
    db.session.execute(move, {"section": section_id, "article": article_id})
