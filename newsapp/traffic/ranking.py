"""Most Viewed: lists built from the window sums and published as copies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import redis
from sqlalchemy import Connection, select, text

from newsapp.copies import Copy, write
from newsapp.database import db, now
from newsapp.news.models import Section
from newsapp.traffic import guard
from newsapp.traffic.article_views import views_of
from newsapp.traffic.asked import AVERAGE, LENGTH, SITE, Asked, named, scope_of
from newsapp.traffic.busiest import Busiest, Placed, Story
from newsapp.traffic.counting import HOUR
from newsapp.traffic.shown import shown
from newsapp.traffic.trend import log_weight, points
from newsapp.traffic.windows import WINDOWS, Window


class Press:
    """Makes the lists of one moment."""

    def __init__(self, sql: Connection, at: datetime) -> None:
        self.sql, self.at = sql, at
        self.decisions = guard.in_force(sql, at)
        self.busiest = Busiest(sql, at, guard.terms(sql, at, self.decisions))
        self.weight_now = log_weight(sql, int(at.timestamp()) // HOUR)
        self.revision = revision(sql, at)

    def make(self, asked: Asked) -> dict[str, Any]:
        """A list as its copy holds it."""
        items = [self.item(asked, placed) for placed in self.busiest.of(asked, LENGTH)]
        pinned = self.pinned(asked) if asked.scope == SITE and asked.is_published else []
        as_of = self.at.isoformat(timespec="seconds")
        return {"revision": self.revision, "scope": asked.scope, "window": asked.window.slug, "as_of": as_of, "items": items, "pinned": pinned}

    def item(self, asked: Asked, placed: Placed) -> dict[str, Any]:
        average = {"average": round(placed.rank, 2)} if asked.order == AVERAGE else {}
        return {**placed.story.line(), **self.figure(asked.window, placed.value), **average}

    def figure(self, window: Window, value: float) -> dict[str, Any]:
        """What a story has, as lists say it: views, or points where they are weighed."""
        return {"score": round(points(value, self.weight_now), 1)} if window.weighed else {"views": int(value)}

    def pinned(self, asked: Asked) -> list[dict[str, Any]]:
        """The stories that stand at a place of their own, with what they have; readers leave out those whose time is over."""
        pins = {each.article_id: each for each in self.decisions if each.action == guard.PIN}
        values = views_of(self.sql, asked.window, pins, self.at) if pins else {}
        stories = self.busiest.stories
        stories.load(pins)
        return [
            {**stories.known[article_id].line(), **self.figure(asked.window, values.get(article_id, 0)), "position": pin.position, "until": pin.until}
            for article_id, pin in pins.items()
            if self.is_live(stories.known.get(article_id))
        ]

    def is_live(self, story: Story | None) -> bool:
        return story is not None and story.is_live(self.at)


def revision(sql: Connection, at: datetime) -> int:
    """A number that grows with all that a list depends on: commits, expired hours, changes, the minute."""
    parts = (
        "SELECT COALESCE(SUM(commits), 0) FROM count_cursor",
        "SELECT COALESCE(SUM(through_hour), 0) FROM window_state",
        "SELECT COALESCE(MAX(id), 0) FROM change",
    )
    return sum(int(sql.scalar(text(part)) or 0) for part in parts) + int(at.timestamp()) // 60


def build(asked: Asked) -> dict[str, Any]:
    """A list as it stands now."""
    with db.engine.connect() as sql:
        return Press(sql, now()).make(asked)


def site_list(window: Window, at: datetime) -> list[dict[str, Any]]:
    """The paper's list of a window as readers see it at a moment."""
    with db.engine.connect() as sql:
        press = Press(sql, at)
        away = {each.article_id for each in press.decisions if each.action == guard.HOLD_OUT}
        return shown(press.make(Asked(SITE, window)), away, at.timestamp())


def list_copy(name: str) -> Copy:
    """The copy of a list. Raises KeyError for a window that is not there."""
    asked = named(name)
    return Copy(name, lambda: build(asked))


def publish(connection: redis.Redis, sections: Iterable[int], at: datetime) -> int:
    """Publish the site's lists and those of these sections, every window. Returns how many were written."""
    scopes = [SITE, *(scope_of(section) for section in sorted(set(sections)))]
    wanted = [Asked(scope, window) for scope in scopes for window in WINDOWS]
    with db.engine.connect() as sql:
        press = Press(sql, at)
        lists = {asked.name: press.make(asked) for asked in wanted}
    return sum(write(connection, f"news:{name}", value) for name, value in lists.items())


def publish_all(connection: redis.Redis, at: datetime) -> int:
    """Publish every list: what the clock alone changes, and what Redis may have lost."""
    with db.engine.connect() as sql:
        sections = sql.scalars(select(Section.id)).all()
    return publish(connection, sections, at)


def sums_follow(article_id: int, section_id: int) -> None:
    """Move an article's sums to its new section, in the transaction that moves the article."""
    move = text("UPDATE article_view_sums SET section_id = :section WHERE article_id = :article")
    db.session.execute(move, {"section": section_id, "article": article_id})
