"""Sessions: a row for each browser that somebody signed in with, so that it can be seen and ended. No address is kept."""

from __future__ import annotations

import contextlib
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from newsapp.audit import deeds
from newsapp.database import db, write_unit
from newsapp.people.models import DeskSession, User

PASSKEY = "passkey"
NOTED_EVERY = timedelta(minutes=5)  # a page view writes nothing more often
IDLE = timedelta(days=30)  # unseen for longer, a session is over

# The first that is found in what the browser says of itself.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def begin(user: User, via: str, agent: str, at: datetime) -> str:
    """A new session. Returns the token for its cookie, which is stored nowhere else."""
    token = secrets.token_urlsafe(24)
    row = {"id": hash_of(token), "user_id": user.id, "browser": browser(agent), "via": via, "began": at, "seen": at}
    with write_unit() as connection:
        connection.execute(DeskSession.__table__.insert(), row)  # type: ignore[attr-defined]
        connection.execute(update(User).where(User.id == user.id).values(seen_at=at))
        deeds.say("sign_in", f"person:{user.id}", str(user.email), f"signed in with {via}, {row['browser']}", connection)
    return token


def hash_of(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def go_on(token: str, user_id: int, at: datetime) -> bool:
    """Whether the session is there and is that person's. Now and then it is noted that it was seen."""
    found = db.session.execute(select(DeskSession.seen).where(DeskSession.id == hash_of(token), DeskSession.user_id == user_id)).scalar()
    if found is None or found < at - IDLE:
        return False
    if found < at - NOTED_EVERY:
        note_seen(token, user_id, at)
    return True


def note_seen(token: str, user_id: int, at: datetime) -> None:
    with contextlib.suppress(OperationalError), write_unit() as connection:  # a busy database is no reason to refuse a page
        connection.execute(update(DeskSession).where(DeskSession.id == hash_of(token)).values(seen=at))
        connection.execute(update(User).where(User.id == user_id).values(seen_at=at))


def way_in(token: str) -> str:
    """What the session began with."""
    return db.session.scalar(select(DeskSession.via).where(DeskSession.id == hash_of(token))) or ""


def of(user_id: int) -> list[DeskSession]:
    return list(db.session.scalars(select(DeskSession).where(DeskSession.user_id == user_id).order_by(DeskSession.seen.desc())))


def end(session_id: str, user_id: int) -> bool:
    """End one session of a person, in the open transaction. False when it was over."""
    return bool(db.session.execute(delete(DeskSession).where(DeskSession.id == session_id, DeskSession.user_id == user_id)).rowcount)  # type: ignore[attr-defined]


def end_others(token: str, user_id: int) -> int:
    """End all sessions of a person but the one at hand, in the open transaction. Returns how many."""
    others = delete(DeskSession).where(DeskSession.id != hash_of(token), DeskSession.user_id == user_id)
    return int(db.session.execute(others).rowcount)  # type: ignore[attr-defined]


def leave(token: str) -> None:
    """End the session that somebody signs out of."""
    with write_unit() as connection:
        connection.execute(delete(DeskSession).where(DeskSession.id == hash_of(token)))


def forget(at: datetime) -> None:
    """Drop sessions that are over."""
    with write_unit() as connection:
        connection.execute(delete(DeskSession).where(DeskSession.seen < at - IDLE))


def browser(agent: str) -> str:
    """What the browser says of itself, in words and without its version."""
    name = next((word for mark, word in BROWSERS if re.search(mark, agent)), "A browser")
    system = next((word for mark, word in SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if system else name
