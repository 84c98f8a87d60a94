"""Times as readers say them: "2 hours ago", "23 Nov 2026", "14:30", in the paper's zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")

RECENT = timedelta(days=7)  # older moments are told by their date alone
# From the finest: up to when a unit is used, its length, its name.
UNITS = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (RECENT, timedelta(days=1), "day"),
)


def ago(moment: datetime, at: datetime) -> tuple[str, datetime | None]:
    """(the phrase, when it next changes). The phrase of a moment that is not recent is empty, and stays so."""
    age = at - moment
    if age < UNITS[0][1]:
        return "just now", moment + UNITS[0][1]
    for limit, unit, name in UNITS:
        if age < limit:
            count = age // unit
            return f"{count} {name}{'s' if count > 1 else ''} ago", moment + (count + 1) * unit
    return "", None


def is_recent(moment: datetime, at: datetime) -> bool:
    return at - moment < RECENT


def zone(name: str) -> ZoneInfo:
    """The zone of that name; UTC when this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def next_midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """When the next day begins in a zone."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), zone).astimezone(UTC)


def day(moment: datetime, zone: ZoneInfo) -> str:
    """23 Nov 2026"""
    local = moment.astimezone(zone)
    return f"{local.day} {MONTHS[local.month - 1][:3]} {local.year}"


def long_day(moment: datetime, zone: ZoneInfo) -> str:
    """Monday 23 November 2026"""
    local = moment.astimezone(zone)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """14:30"""
    return f"{moment.astimezone(zone):%H:%M}"


def day_or_month(moment: datetime, at: datetime, zone: ZoneInfo) -> str:
    """Today, 23 November; Yesterday, 22 November; November 2026 for all before."""
    local = moment.astimezone(zone)
    month = MONTHS[local.month - 1]
    name = {0: "Today", 1: "Yesterday"}.get((at.astimezone(zone).date() - local.date()).days)
    return f"{name}, {local.day} {month}" if name else f"{month} {local.year}"


FILTERS = (day, long_day, clock)
