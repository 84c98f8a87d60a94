"""The revisions of an article: one for each save, the last one what the article is now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import undefer

from newsapp.database import db
from newsapp.news.models import Article
from newsapp.revisions.contents import Content, packed, unpacked
from newsapp.revisions.models import FROM_A_FORM, Revision

PER_PAGE = 50


@dataclass(frozen=True)
class Kind:
    """What a revision was made by, and how the list says so."""

    slug: str
    label: str


BEFORE, SAVE, RESTORE, MERGE, RECOVERED, ASIDE = "before", "save", "restore", "merge", "recovered", "aside"
KINDS = (
    Kind(BEFORE, "As it was before"),
    Kind(SAVE, "Saved"),
    Kind(RESTORE, "Restored"),
    Kind(MERGE, "Two versions put together"),
    Kind(RECOVERED, "Saved from recovered text"),
    Kind(ASIDE, "Set aside: somebody was faster"),
    Kind("publish", "Published"),
    Kind("ask_review", "Review asked for"),
    Kind("correct", "Note to readers made"),
    Kind("change_note", "Note to readers changed"),
    Kind("remove_note", "Note to readers removed"),
    Kind("tag", "Tagged among others"),
    Kind("untag", "A tag taken away, among others"),
    Kind("move", "Moved among others"),
    Kind("spike", "Spiked"),
    Kind("unspike", "Taken off the spike"),
    Kind("take_down", "Taken down"),
)
LABELS = {kind.slug: kind.label for kind in KINDS}


def label(what: str) -> str:
    """How the list says what a revision was made by; a turn that is not in the table is told by its own name."""
    return LABELS.get(what) or what.replace("_", " ").capitalize()


class Signature(NamedTuple):
    """Who saves, when, from which form, on which clock."""

    who: str
    at: datetime
    zone: ZoneInfo
    form_id: str = ""


def note(article: Article, content: Content, what: str, by: Signature) -> Revision:
    """Keep, in the open transaction, what the article holds now."""
    db.session.flush()  # the version that it gets is known after it
    return add(article.id, article.version, content, what, by)


def note_present(article: Article, content: Content, zone: ZoneInfo) -> None:
    """Keep what the article holds before its first save here, or after something else than the desk changed it."""
    if newest_version(article.id) != article.version:
        add(article.id, article.version, content, BEFORE, Signature("", article.updated_at, zone))


def set_aside(article_id: int, version: int, content: Content, by: Signature) -> Revision:
    """Keep what could not be saved because somebody was faster; the same content from the same form once."""
    before = db.session.scalar(
        select(Revision).where(Revision.article_id == article_id, Revision.what == ASIDE).order_by(Revision.id.desc()).limit(1)
    )
    if before and before.form_id == by.form_id and unpacked(before.content, by.zone) == content:
        return before
    return add(article_id, version, content, ASIDE, by)


def add(article_id: int, version: int, content: Content, what: str, by: Signature) -> Revision:
    kept = packed(content, by.zone)
    revision = Revision(article_id=article_id, version=version, at=by.at, who=by.who, what=what, form_id=by.form_id, content=kept)
    db.session.add(revision)
    db.session.flush()
    return revision


def newest_version(article_id: int) -> int | None:
    found: int | None = db.session.scalar(select(func.max(Revision.version)).where(Revision.article_id == article_id, Revision.what != ASIDE))
    return found


def find(article_id: int, revision_id: int | None) -> Revision | None:
    """A revision of that article, with its content."""
    wanted = select(Revision).where(Revision.id == revision_id, Revision.article_id == article_id)
    return db.session.scalar(wanted.options(undefer(Revision.content)))


def at_version(article_id: int, version: int) -> Revision | None:
    """What the article held in that version, which a form began from; none when it is kept no more."""
    earlier = select(Revision).where(Revision.article_id == article_id, Revision.what != ASIDE, Revision.version <= version)
    return db.session.scalar(earlier.order_by(Revision.version.desc(), Revision.id.desc()).limit(1).options(undefer(Revision.content)))


def listed(article_id: int, number: int) -> list[Revision]:
    """A page of the list, newest first, and one more when there is another page."""
    newest = select(Revision).where(Revision.article_id == article_id).order_by(Revision.id.desc())
    return list(db.session.scalars(newest.limit(PER_PAGE + 1).offset((number - 1) * PER_PAGE)))


def last_saved(article_id: int) -> Revision | None:
    saved = select(Revision).where(Revision.article_id == article_id, Revision.what != ASIDE)
    return db.session.scalar(saved.order_by(Revision.id.desc()).limit(1))


def was_saved(form_id: str) -> bool:
    """Whether what was typed into that opened form has become a revision."""
    return db.session.scalar(select(Revision.id).where(Revision.form_id == form_id, FROM_A_FORM, Revision.what != ASIDE).limit(1)) is not None


def prune(article_id: int, most: int) -> None:
    """Let go of all but the newest revisions; 0 keeps all."""
    if most:
        edge = db.session.scalar(select(Revision.id).where(Revision.article_id == article_id).order_by(Revision.id.desc()).offset(most - 1).limit(1))
        db.session.execute(delete(Revision).where(Revision.article_id == article_id, Revision.id < (edge or 0)))


def empty(article_id: int) -> None:
    """The article was taken down: of its revisions only who and when stay."""
    db.session.execute(update(Revision).where(Revision.article_id == article_id).values(content=b""))
