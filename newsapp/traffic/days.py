"""The site's days: cut at the full hour of UTC that is nearest to midnight in its zone."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from newsapp.database import db
from newsapp.news import dates
from newsapp.settings.store import site_values

HOUR = 3600
KEPT = 60.0  # seconds that a process trusts the zone it has read

Array = np.ndarray[Any, Any]


class SiteZone:
    """The site's time zone, asked for with every batch and read once a minute."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[ZoneInfo, float]] = {}  # by database: tests have several

    def read(self) -> ZoneInfo:
        key = str(db.engine.url)
        zone, until = self.kept.get(key, (dates.zone("UTC"), 0.0))
        if time.monotonic() > until:
            zone = dates.zone(site_values()["time_zone"])
            self.kept[key] = zone, time.monotonic() + KEPT
        return zone


SITE_ZONE = SiteZone()


def offset(hour: int, zone: ZoneInfo) -> int:
    """Whole hours that the zone is ahead of UTC at an hour (since 1970)."""
    delta = datetime.fromtimestamp(hour * HOUR, UTC).astimezone(zone).utcoffset()
    return round(delta.total_seconds() / HOUR) if delta else 0


def day_of(hour: int, zone: ZoneInfo) -> int:
    """The site's day (days since 1970) that an hour belongs to."""
    return (hour + offset(hour, zone)) // 24


def days_of(hours: Array, zone: ZoneInfo) -> Array:
    """The site's day of each hour."""
    distinct, place = np.unique(hours, return_inverse=True)
    days: Array = np.array([day_of(hour, zone) for hour in distinct.tolist()], "i8")
    return days[place]


def first_hour(day: int, zone: ZoneInfo) -> int:
    """The first hour of a day of the site's."""
    return next(hour for hour in range(day * 24 - 16, day * 24 + 17) if day_of(hour, zone) >= day)
