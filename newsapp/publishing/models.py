"""Tables of publishing: the turns of an article, how far the clock has turned, secret preview links, links that were looked at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment, now

CLOCK = "the clock"  # who turns what was planned


class ArticleTurn(Model):
    """One thing that was made of an article or taken back: what, when, by whom, and for when it was planned."""

    __tablename__ = "article_turn"
    __table_args__ = (Index("ix_article_turn_article_id_id", "article_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    editor: Mapped[str] = mapped_column(String(255))
    note: Mapped[str] = mapped_column(Text, default="")
    planned_for: Mapped[datetime | None] = mapped_column(Moment)


class TurnedThrough(Model):
    """Up to which moment planned turns were carried out everywhere: one row, moved by compare-and-set."""

    __tablename__ = "turned_through"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    moment: Mapped[datetime] = mapped_column(Moment)


class PreviewLink(Model):
    """A secret address under which somebody without an account sees a story. Only the hash of the secret is kept."""

    __tablename__ = "preview_link"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    editor: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    until: Mapped[datetime] = mapped_column(Moment)


class OutsideLink(Model):
    """An address of another site as it last answered. `problem` is empty when it did well."""

    __tablename__ = "outside_link"

    address: Mapped[str] = mapped_column(String(1000), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    problem: Mapped[str] = mapped_column(String(200), default="")
