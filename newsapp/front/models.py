"""Plates and their slots: what editors have placed on the front page, live and in the proof; and breaking news."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment, db, now
from newsapp.news.models import Article, live_at

TOP = 7  # slots: the lead, three with pictures, three without
LIVE, PROOF = "live", "proof"  # the plate that readers get, and the one that is being made
STORY, MOST_VIEWED, NEWEST = "story", "most_viewed", "newest"


class Plate(Model):
    """One arrangement of the front page. The proof is there while somebody makes one."""

    __tablename__ = "front_plate"

    name: Mapped[str] = mapped_column(String(10), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    based_on: Mapped[int] = mapped_column(default=0)  # the live plate's version when the proof was begun
    editor: Mapped[str] = mapped_column(String(255), default="")
    at: Mapped[datetime] = mapped_column(Moment, default=now)


class Slot(Model):
    """What stands in one place of a plate, and when. Of several in force at one place, the one that began last."""

    __tablename__ = "front_slot"
    __table_args__ = (Index("ix_front_slot_plate_position", "plate", "position"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    plate: Mapped[str] = mapped_column(String(10))
    position: Mapped[int]  # 1 leads
    kind: Mapped[str] = mapped_column(String(20))  # one of FILLINGS
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    section_id: Mapped[int | None] = mapped_column(ForeignKey("section.id", ondelete="CASCADE"), index=True)
    window: Mapped[str] = mapped_column(String(20), default="")  # of Most Viewed
    starts: Mapped[datetime | None] = mapped_column(Moment)  # none: at once
    until: Mapped[datetime | None] = mapped_column(Moment)  # none: until it is taken away
    editor: Mapped[str] = mapped_column(String(255), default="")

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at a moment."""
        return (self.starts is None or self.starts <= at) and (self.until is None or self.until > at)

    def is_over(self, at: datetime) -> bool:
        return self.until is not None and self.until <= at

    def copied(self, plate: str) -> Slot:
        """The same on another plate."""
        same = ("position", "kind", "article_id", "section_id", "window", "starts", "until", "editor")
        return Slot(plate=plate, **{name: getattr(self, name) for name in same})

    def says(self) -> tuple[object, ...]:
        """What tells it from others, wherever it stands."""
        return self.position, self.kind, self.article_id, self.section_id, self.window, self.starts, self.until


class Breaking(Model):
    """One line above the news, until a moment."""

    __tablename__ = "breaking"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    until: Mapped[datetime] = mapped_column(Moment)
    editor: Mapped[str] = mapped_column(String(255), default="")


def plate(name: str) -> Plate | None:
    return db.session.get(Plate, name)


def slots_of(name: str) -> list[Slot]:
    """The slots of a plate from the lead on; at one place, the one that begins last comes last."""
    return list(db.session.scalars(select(Slot).where(Slot.plate == name).order_by(Slot.position, Slot.starts.is_not(None), Slot.starts, Slot.id)))


def in_force(slots: Iterable[Slot], at: datetime) -> dict[int, Slot]:
    """The slot that holds at each place at a moment, as `slots_of` has ordered them."""
    return {slot.position: slot for slot in slots if slot.holds(at)}


def next_turn(slots: Iterable[Slot], at: datetime) -> datetime | None:
    """When the clock next starts or ends one."""
    turns = (moment for slot in slots for moment in (slot.starts, slot.until) if moment and moment > at)
    return min(turns, default=None)


def take_off(article_ids: Iterable[int]) -> None:
    """Clear stories from every plate, and what is breaking about them, in the open transaction."""
    ids = list(article_ids)
    for model in (Slot, Breaking):
        db.session.execute(delete(model).where(model.article_id.in_(ids)))


def place(article_ids: Iterable[int]) -> list[int]:
    """Give stories the places of the live plate that nobody has, in their order. Returns those for which there was none."""
    slots = slots_of(LIVE)
    waiting = [article_id for article_id in article_ids if article_id not in {slot.article_id for slot in slots}]
    free = sorted(set(range(1, TOP + 1)) - {slot.position for slot in slots})
    db.session.add_all(Slot(plate=LIVE, position=position, kind=STORY, article_id=each) for position, each in zip(free, waiting, strict=False))
    return waiting[len(free) :]


def breaking(at: datetime) -> Breaking | None:
    """The newest that is in force, unless its story is off the site."""
    query = select(Breaking).outerjoin(Article, Article.id == Breaking.article_id)
    query = query.where(Breaking.until > at, Breaking.article_id.is_(None) | live_at(at))
    return db.session.scalar(query.order_by(Breaking.id.desc()).limit(1))
