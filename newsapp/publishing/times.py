"""Local times as editors type them: most are one moment, some do not exist, some exist twice. And how long it is until one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
FIRST, SECOND = "first", "second"
# From the finest: up to when two units are told, the larger and the smaller of them, in seconds, and their names.
UNITS = (
    (3600, (60, "min"), (1, "s")),
    (48 * 3600, (3600, "h"), (60, "min")),
    (1 << 40, (86_400, "days"), (3600, "h")),
)


@dataclass(frozen=True)
class Missing:
    """A time that the clocks jump over, with the last minute before it and the first after it."""

    before: datetime
    after: datetime


@dataclass(frozen=True)
class Twice:
    """A time that the clocks show twice: the two moments, in UTC."""

    first: datetime
    second: datetime


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a local time, in UTC; of two the one that its fold names."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def reading_of(local: datetime, zone: ZoneInfo) -> datetime | Missing | Twice:
    """What a local time without a zone can mean there."""
    first, second = (moment_of(local.replace(fold=fold), zone) for fold in (0, 1))
    if first == second:
        return first
    if first < second:
        return Twice(first, second)
    return Missing(edge(local, zone, -1), edge(local, zone, 1))  # in a gap the two readings stand the other way round


def exists(local: datetime, zone: ZoneInfo) -> bool:
    return moment_of(local, zone).astimezone(zone).replace(tzinfo=None) == local


def edge(local: datetime, zone: ZoneInfo, direction: int) -> datetime:
    """The nearest minute that exists, before or after a gap."""
    near = local.replace(second=0, microsecond=0, fold=0)
    step = direction * timedelta(hours=26)  # no gap is longer: Samoa once left out a day
    low, high = 0, int(abs(step) / MINUTE)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if exists(near + direction * middle * MINUTE, zone) else (middle, high)
    return near + direction * high * MINUTE


def offset(moment: datetime, zone: ZoneInfo) -> str:
    """UTC+02:00, as the two readings of one time are told apart."""
    minutes = int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds()) // 60
    sign, minutes = ("−" if minutes < 0 else "+"), abs(minutes)
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"


def which(local: datetime, zone: ZoneInfo) -> list[tuple[str, str]]:
    """The choice between the two moments of a time that exists twice; empty for any other."""
    reading = reading_of(local, zone)
    if not isinstance(reading, Twice):
        return []
    return [(FIRST, f"The first, {offset(reading.first, zone)}"), (SECOND, f"The second, {offset(reading.second, zone)}")]


def said(local: datetime) -> str:
    """As an editor types it."""
    return f"{local:%Y-%m-%d %H:%M}"


def until(moment: datetime, at: datetime) -> str:
    """in 3 h 12 min; now for what has come."""
    left = int((moment - at).total_seconds())
    if left <= 0:
        return "now"
    for most, (large, large_name), (small, small_name) in UNITS:
        if left < most:
            whole, rest = left // large, left % large // small
            return "in " + " ".join(f"{count} {name}" for count, name in ((whole, large_name), (rest, small_name)) if count)
    return ""
