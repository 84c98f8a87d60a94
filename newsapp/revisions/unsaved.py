"""Text that was typed and not saved: one row for each opened form, until it is saved or thrown away."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import delete, select

from newsapp.database import db, write_unit
from newsapp.news.models import TAKEN_DOWN, Article
from newsapp.revisions.contents import Fields, packed_fields, unpacked_fields
from newsapp.revisions.models import Unsaved

KEPT = timedelta(days=30)
KEPT_FOR_A_STRANGER = timedelta(days=1)
MOST_OF_STRANGERS = 200  # rows of browsers that are signed out; the oldest goes first
FORM_ID = re.compile(r"[0-9a-f]{16,32}")


def fresh_id() -> str:
    """The name of one opened form, which nobody else can guess."""
    return secrets.token_hex(8)


def is_form_id(text: str | None) -> bool:
    return bool(FORM_ID.fullmatch(text or ""))


def keep(form_id: str, person_id: int, article_id: int | None, fields: Fields, at: datetime) -> bool:
    """Keep what a form holds, in the open transaction. False when the form is somebody else's."""
    row = db.session.get(Unsaved, form_id)
    if row and row.person_id != person_id:
        return False
    row = row or Unsaved(form_id=form_id, person_id=person_id, article_id=article_id)
    row.fields, row.at = packed_fields(fields), at
    db.session.add(row)
    return True


def own(form_id: str | None, person_id: int) -> Unsaved | None:
    return db.session.scalar(select(Unsaved).where(Unsaved.form_id == (form_id or ""), Unsaved.person_id == person_id))


def of_article(person_id: int, article_id: int | None) -> list[Unsaved]:
    """A person's unsaved texts for an article, or for new ones, newest first."""
    mine = select(Unsaved).where(Unsaved.person_id == person_id, Unsaved.article_id.is_not_distinct_from(article_id))
    return list(db.session.scalars(mine.order_by(Unsaved.at.desc())))


def of_person(person_id: int) -> list[Unsaved]:
    return list(db.session.scalars(select(Unsaved).where(Unsaved.person_id == person_id).order_by(Unsaved.at.desc()).limit(20)))


def first(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[0]


def headline_of(row: Unsaved) -> str:
    return first(unpacked_fields(row.fields), "headline").strip() or "No headline yet"


def drop(form_id: str | None, person_id: int) -> None:
    """What was typed is saved, or was thrown away."""
    db.session.execute(delete(Unsaved).where(Unsaved.form_id == (form_id or ""), Unsaved.person_id == person_id))


def drop_of_article(article_id: int) -> None:
    db.session.execute(delete(Unsaved).where(Unsaved.article_id == article_id))


def forget(at: datetime) -> None:
    """Drop what nobody came back for."""
    with write_unit() as connection:
        connection.execute(delete(Unsaved).where(Unsaved.at < at - KEPT))
        connection.execute(delete(Unsaved).where(Unsaved.key_hash != "", Unsaved.at < at - KEPT_FOR_A_STRANGER))


# ---- what a browser sent that was signed out


def keep_for_a_stranger(article_id: int | None, fields: Fields, at: datetime) -> tuple[str, str]:
    """Keep a form for whoever signs in with that browser. Returns the row's name and the key that only the browser holds."""
    form_id, key = fresh_id(), secrets.token_hex(16)
    db.session.add(Unsaved(form_id=form_id, person_id=None, article_id=article_id, at=at, key_hash=hashed(key), fields=packed_fields(fields)))
    db.session.flush()
    strangers = select(Unsaved.form_id).where(Unsaved.key_hash != "").order_by(Unsaved.at.desc()).offset(MOST_OF_STRANGERS)
    db.session.execute(delete(Unsaved).where(Unsaved.form_id.in_(list(db.session.scalars(strangers)))))
    return form_id, key


def can_be_kept_for(article_id: int) -> bool:
    """Whether there is such an article, and it may have text."""
    return db.session.scalar(select(Article.state).where(Article.id == article_id)) not in (None, TAKEN_DOWN)


def claim(key: str, person_id: int) -> Unsaved | None:
    """Give a kept form to the person who signed in, or to the one whose opened form it is known to be."""
    row = db.session.scalar(select(Unsaved).where(Unsaved.key_hash == hashed(key)))
    if row is None:
        return None
    fields = unpacked_fields(row.fields)
    opened = db.session.get(Unsaved, first(fields, "form_id"))
    if opened and opened.person_id:
        opened.fields, opened.at = row.fields, row.at
        db.session.delete(row)
        return opened if opened.person_id == person_id else None
    row.person_id, row.key_hash = person_id, ""
    row.fields = packed_fields({**fields, "form_id": [row.form_id]})
    return row


def hashed(key: str) -> str:
    return blake2b(key.encode(), digest_size=32).hexdigest()
