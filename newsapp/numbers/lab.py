"""The ranking laboratory: lists of a past moment under other rules, beside those of the present ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from newsapp.traffic.busiest import Stories, Story
from newsapp.traffic.counting import HOUR
from newsapp.traffic.windows import BY_SLUG, WINDOWS, Window

SHOWN = 20
FARTHEST = timedelta(days=30)  # hours are kept a little longer
LIVES = 10  # half-lives after which a view weighs a thousandth

WEIGHED = """
WITH weights(hour, weight) AS (VALUES {weights})
SELECT v.article_id, SUM(v.views * w.weight) AS value FROM weights w JOIN article_views_hourly v ON v.hour = w.hour
WHERE v.views > 0 GROUP BY v.article_id ORDER BY value DESC, v.article_id DESC LIMIT :length
"""
TRIED = tuple(window for window in WINDOWS if window.weighed or (window.hours and timedelta(hours=window.hours) <= FARTHEST))


@dataclass(frozen=True)
class Rules:
    """What makes a list: the settings of the same names. 0 stories of a section, or days of age, are any."""

    window: str
    half_life: int  # hours
    per_section: int
    max_age: int  # days

    @property
    def span(self) -> Window:
        return BY_SLUG[self.window]

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Rules:
        """The rules in force."""
        window, per_section, max_age = (settings[f"most_viewed_{name}"] for name in ("window", "per_section", "max_age"))
        return cls(window, settings["trend_half_life"], per_section, max_age)

    def settings(self) -> dict[str, Any]:
        """The same as settings."""
        return {
            "most_viewed_window": self.window, "trend_half_life": self.half_life,
            "most_viewed_per_section": self.per_section, "most_viewed_max_age": self.max_age,
        }  # fmt: skip


class Line(NamedTuple):
    """A story in a list that was tried; `moved` is by how many places it stands higher than in the other, None when it is not there."""

    story: Story
    value: float
    moved: int | None


def tried(sql: Connection, rules: Rules, other: Rules, at: datetime) -> tuple[list[Line], list[Line]]:
    """Both lists of a moment, each against the other."""
    first, second = (ranked(sql, each, at) for each in (rules, other))
    places = [{story.id: place for place, (story, _) in enumerate(found)} for found in (first, second)]
    return against(first, places[1]), against(second, places[0])


def against(found: list[tuple[Story, float]], places: dict[int, int]) -> list[Line]:
    return [Line(story, value, places[story.id] - place if story.id in places else None) for place, (story, value) in enumerate(found)]


def ranked(sql: Connection, rules: Rules, at: datetime) -> list[tuple[Story, float]]:
    """The list as the rules would have had it, by full hours: from the rows themselves, whatever the sums are made of."""
    stories, length = Stories(sql), SHOWN * 8
    while True:
        rows = sql.execute(text(WEIGHED.format(weights=weights(rules, at))), {"length": length}).all()
        stories.load(row.article_id for row in rows)
        found = spread([(stories.known[row.article_id], row.value) for row in rows if row.article_id in stories.known], rules, at)
        if len(found) >= SHOWN or len(rows) < length:
            return found[:SHOWN]
        length *= 4


def weights(rules: Rules, at: datetime) -> str:
    """The hours that count and what a view of each weighs, as SQL; half after each half-life (traffic/trend.py)."""
    hour = int(at.timestamp()) // HOUR
    ages = range(LIVES * rules.half_life if rules.span.weighed else rules.span.hours or 0)
    return ", ".join(f"({hour - age}, {2.0 ** (-age / rules.half_life) if rules.span.weighed else 1})" for age in ages)


def spread(rows: list[tuple[Story, float]], rules: Rules, at: datetime) -> list[tuple[Story, float]]:
    """Those that the rules let stand, in their order."""
    oldest = at - timedelta(days=rules.max_age) if rules.max_age else None
    of_section: Counter[int] = Counter()
    found = []
    for story, value in rows:
        if not story.is_live(at) or (oldest and story.published_at < oldest):
            continue
        of_section[story.section_id] += 1
        if not rules.per_section or of_section[story.section_id] <= rules.per_section:
            found.append((story, value))
    return found
