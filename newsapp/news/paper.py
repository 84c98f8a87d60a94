"""What every page begins with: the paper's settings, its zone, and what all pages of readers depend on."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from newsapp.delivery.page import once
from newsapp.news import dates
from newsapp.settings.store import effective, stored

SETTINGS = "newsapp.settings"  # where a request keeps what it has read of them
PAPER = frozenset({"site", "settings"})  # what every page shows some of: names of things, the time zone


def paper() -> dict[str, Any]:
    """The paper's settings, from the database: a page that was dropped for a change must not be built from an old copy."""
    return once(SETTINGS, lambda: effective(stored()[1], "site"))


def paper_zone() -> ZoneInfo:
    return dates.zone(paper()["time_zone"])


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of those that will come."""
    return min((moment for moment in moments if moment), default=None)
