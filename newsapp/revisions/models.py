"""What every save leaves behind, and what is typed and not saved yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment

FROM_A_FORM = text("form_id <> ''")


class Revision(Model):
    """An article as its form held it at one save. Emptied when the article is taken down, never changed otherwise."""

    __tablename__ = "revision"
    __table_args__ = (
        Index("ix_revision_article_id_id", "article_id", "id"),
        Index("ix_revision_form_id", "form_id", sqlite_where=FROM_A_FORM, postgresql_where=FROM_A_FORM),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    version: Mapped[int]  # the article's, once saved; of one that was set aside: the version it began from
    at: Mapped[datetime] = mapped_column(Moment)
    who: Mapped[str] = mapped_column(String(255), default="")
    what: Mapped[str] = mapped_column(String(20))
    form_id: Mapped[str] = mapped_column(String(32), default="")
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # contents.packed(); empty: the text is gone


class Unsaved(Model):
    """What somebody typed into one opened form and has not saved. Nobody else sees it."""

    __tablename__ = "unsaved"
    __table_args__ = (Index("ix_unsaved_person_id_article_id", "person_id", "article_id"),)

    form_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int | None]  # none: sent by a browser that was signed out
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    key_hash: Mapped[str] = mapped_column(String(64), default="")  # of the key that the signed-out browser holds
    fields: Mapped[bytes] = mapped_column(LargeBinary)
