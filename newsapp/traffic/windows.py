"""WINDOWS: the spans of Most Viewed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """One span. `hours` is None for all time; `column` is its sum, None where 5-minute rollups answer."""

    slug: str
    label: str
    hours: int | None
    column: str | None


WINDOWS = (
    Window("hour", "Hour", 1, None),
    Window("day", "Day", 24, "v24h"),
    Window("week", "Week", 168, "v7d"),
    Window("month", "Month", 720, "v30d"),
    Window("all", "All time", None, "vall"),
)
BY_SLUG = {window.slug: window for window in WINDOWS}
SUMMED = tuple(window for window in WINDOWS if window.column)
EXPIRING = tuple(window for window in SUMMED if window.hours)
