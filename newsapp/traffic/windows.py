"""WINDOWS: the spans of Most Viewed."""

from __future__ import annotations

from dataclasses import dataclass

from newsapp.languages import N_


@dataclass(frozen=True)
class Window:
    """One span. `hours` is None for all time; `column` is its sum, None where 5-minute rollups answer.

    `weighed`: a view counts less the older it is (traffic/trend.py), and the list shows points instead of views.
    """

    slug: str
    label: str
    hours: int | None
    column: str | None
    weighed: bool = False

    @property
    def has_average(self) -> bool:
        """Whether a story can have been online for some of its days only."""
        return not self.weighed and (self.hours is None or self.hours > 24)


WINDOWS = (
    Window("hour", N_("Hour"), 1, None),
    Window("day", N_("Day"), 24, "v24h"),
    Window("week", N_("Week"), 168, "v7d"),
    Window("month", N_("Month"), 720, "v30d"),
    Window("all", N_("All time"), None, "vall"),
    Window("trend", N_("Trend"), None, "trend", weighed=True),
)
BY_SLUG = {window.slug: window for window in WINDOWS}
KEPT = tuple(window for window in WINDOWS if window.column)  # in article_view_sums
SUMMED = tuple(window for window in KEPT if not window.weighed)
EXPIRING = tuple(window for window in SUMMED if window.hours)
