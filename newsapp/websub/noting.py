"""Which feeds have news: those that a change touched and that say something else than what the hub was told last.

So a draft, or a change that was taken back, tells nobody anything; and what is published in one go is told once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select, update

from newsapp.changes import Change
from newsapp.database import db, write_unit
from newsapp.settings.store import site_values
from newsapp.traffic.upserts import insert_or_ignore
from newsapp.websub.models import HubFeed, HubThrough
from newsapp.websub.topics import digest_of, is_topic

ROW = 1
SETTLE = timedelta(seconds=2)  # the site's processes have a change by then, so that the hub finds what it is told of
LOOK_BACK, LATE = 100, timedelta(minutes=2)  # a change with a lower number may be committed after one with a higher


def note_feeds(at: datetime) -> bool:
    """Note which feeds the hub is to be told of. Returns whether there are any now."""
    if not site_values()["websub_hub"]:
        return False
    newest, touched = touched_since(at)
    digests = {name: digest_of(name, at) for name in sorted(touched)}
    db.session.rollback()
    with write_unit() as sql:
        for name, digest in digests.items():
            compare(sql, name, digest, at)
        move(sql, newest)
        return sql.scalar(select(func.count()).where(HubFeed.due <= at + SETTLE)) != 0


def touched_since(at: datetime) -> tuple[int, set[str]]:
    """The number of the newest change, and the feeds that those since the last time touched. A paper that has a hub for the first time begins now."""
    with db.engine.connect() as sql:
        newest = sql.scalar(select(func.max(Change.id))) or 0
        through = sql.scalar(select(HubThrough.change_id))
        if through is None:
            return newest, set()
        late = and_(Change.id > through - LOOK_BACK, Change.at > at - LATE)
        rows = sql.scalars(select(Change.touched).where(or_(Change.id > through, late), Change.id <= newest))
        return newest, {name for names in rows for name in names if is_topic(name)}


def compare(sql: Connection, name: str, digest: str, at: datetime) -> None:
    """Note a feed that says something new; one that the hub did not take waits for its own time."""
    sql.execute(insert_or_ignore(sql, HubFeed.__table__), {"name": name, "told": "", "due": None, "tries": 0})
    here = HubFeed.name == name
    sql.execute(update(HubFeed).where(here, HubFeed.told != digest, HubFeed.due.is_(None)).values(due=at + SETTLE, tries=0))
    sql.execute(update(HubFeed).where(here, HubFeed.told == digest).values(due=None, tries=0))


def move(sql: Connection, change_id: int) -> None:
    sql.execute(insert_or_ignore(sql, HubThrough.__table__), {"id": ROW, "change_id": change_id})
    sql.execute(update(HubThrough).where(HubThrough.change_id < change_id).values(change_id=change_id))
