"""Questions asked of the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, func, or_, select

from newsapp.audit.models import AuditEntry
from newsapp.database import db, write_unit

ON_A_PAGE = 50
AT_ONCE = 1000  # entries that a download reads at a time


@dataclass(frozen=True)
class Filter:
    """Which entries are wanted; empty: all."""

    who: str = ""
    kind: str = ""
    thing: str = ""
    since: date | None = None
    until: date | None = None

    def query(self, zone: ZoneInfo) -> Select[Any]:
        """The wanted entries, newest first; days are those of the paper."""
        wanted = select(AuditEntry).order_by(AuditEntry.id.desc())
        if self.who:
            wanted = wanted.where(AuditEntry.who == self.who)
        if self.kind:
            wanted = wanted.where(AuditEntry.kind == self.kind)
        if self.thing:
            wanted = wanted.where(or_(AuditEntry.thing == self.thing, func.lower(AuditEntry.label).contains(self.thing.lower(), autoescape=True)))
        if self.since:
            wanted = wanted.where(AuditEntry.at >= midnight(self.since, zone))
        if self.until:
            wanted = wanted.where(AuditEntry.at < midnight(self.until + timedelta(days=1), zone))
        return wanted


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def page(wanted: Filter, number: int, zone: ZoneInfo) -> tuple[list[AuditEntry], bool]:
    """One page of entries, and whether there are more."""
    found = list(db.session.scalars(wanted.query(zone).limit(ON_A_PAGE + 1).offset((number - 1) * ON_A_PAGE)))
    return found[:ON_A_PAGE], len(found) > ON_A_PAGE


def every(wanted: Filter, zone: ZoneInfo) -> Iterator[AuditEntry]:
    """All wanted entries, read piece by piece."""
    last: int | None = None
    while True:
        query = wanted.query(zone) if last is None else wanted.query(zone).where(AuditEntry.id < last)
        found = list(db.session.scalars(query.limit(AT_ONCE)))
        yield from found
        if len(found) < AT_ONCE:
            return
        last = found[-1].id
        db.session.expunge_all()


def people() -> list[str]:
    """Everybody who did something."""
    return list(db.session.scalars(select(AuditEntry.who).where(AuditEntry.who != "").distinct().order_by(AuditEntry.who)))


def forget(at: datetime, days: int) -> None:
    """Drop entries that are older than the paper keeps them."""
    if days:
        with write_unit() as connection:
            connection.execute(delete(AuditEntry).where(AuditEntry.at < at - timedelta(days=days)))
