"""Times as readers say them: "2 hours ago", "23 Nov 2026", "14:30", in the paper's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_timedelta

from newsapp.languages import gettext, pgettext, spoken

DAY_ALONE = re.compile(r"(?<![\w'])d(?![\w'])")
EXACT = 10_000  # of a unit, up to which Babel does not go over to the next one

RECENT = timedelta(days=7)  # older moments are told by their date alone
# From the finest: up to when a unit is used, its length, its name.
UNITS: tuple[tuple[timedelta, timedelta, Literal["minute", "hour", "day"]], ...] = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (RECENT, timedelta(days=1), "day"),
)


def ago(moment: datetime, at: datetime) -> tuple[str, datetime | None]:
    """(the phrase, when it next changes). The phrase of a moment that is not recent is empty, and stays so."""
    age = at - moment
    if age < UNITS[0][1]:
        return gettext("just now"), moment + UNITS[0][1]
    for limit, unit, name in UNITS:
        if age < limit:
            count = age // unit
            phrase = format_timedelta(-count * unit, name, threshold=EXACT, add_direction=True, locale=spoken().locale)
            return phrase, moment + (count + 1) * unit
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


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def written(moment: date, pattern: str) -> str:
    """A date by a pattern of CLDR, in the language that is spoken. The first of a month may be written in another way: 1er."""
    if moment.day == 1:
        # Translators: how the first of a month is written, as a pattern for its day: d, or d'er'
        pattern = DAY_ALONE.sub(pgettext("pattern", "d"), pattern)
    return format_datetime(moment, pattern, locale=spoken().locale) if isinstance(moment, datetime) else format_date(moment, pattern, spoken().locale)


def day(moment: datetime, zone: ZoneInfo) -> str:
    """23 Nov 2026"""
    return written(local(moment, zone), pgettext("pattern", "d MMM y"))


def long_day(moment: datetime, zone: ZoneInfo) -> str:
    """Monday 23 November 2026"""
    return written(local(moment, zone), pgettext("pattern", "EEEE d MMMM y"))


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """14:30"""
    return written(local(moment, zone), pgettext("pattern", "HH:mm"))


def minute(moment: datetime, zone: ZoneInfo) -> str:
    """23 Nov 2026, 14:30"""
    return written(local(moment, zone), pgettext("pattern", "d MMM y, HH:mm"))


def minute_of(moment: datetime, zone: ZoneInfo) -> str:
    """14:30, 23 Nov 2026"""
    return written(local(moment, zone), pgettext("pattern", "HH:mm, d MMM y"))


def hour(number: int) -> str:
    """04:00"""
    return written(datetime(2000, 1, 2, number), pgettext("pattern", "HH:mm"))


def full_day(of: date) -> str:
    """25 November 2026"""
    return written(of, pgettext("pattern", "d MMMM y"))


def month(of: date) -> str:
    """November 2026"""
    return written(of, pgettext("pattern", "LLLL y"))


def month_alone(of: date) -> str:
    """November"""
    return written(of, pgettext("pattern", "LLLL"))


def day_or_month(moment: datetime, at: datetime, zone: ZoneInfo) -> str:
    """Today, 23 November; Yesterday, 22 November; November 2026 for all before."""
    its = local(moment, zone)
    age = (local(at, zone).date() - its.date()).days
    if age not in (0, 1):
        return month(its)
    words = gettext("Today, %(day)s") if age == 0 else gettext("Yesterday, %(day)s")
    return words % {"day": written(its, pgettext("pattern", "d MMMM"))}


FILTERS = (day, long_day, clock, minute, minute_of)
