"""The index of each database, which SQLAlchemy has no words for, and the stories that wait to be in it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, ForeignKey, String, event
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model

TABLE = "article_text"  # and, on SQLite, tables of FTS5 whose names begin with it

CREATE = {
    "sqlite": (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(headline, standfirst, bylines, body, tokenize='unicode61 remove_diacritics 0', prefix='3')",
        f"CREATE VIRTUAL TABLE {TABLE}_words USING fts5vocab('{TABLE}', 'row')",
    ),
    "postgresql": (
        f"CREATE TABLE {TABLE} (article_id INTEGER PRIMARY KEY REFERENCES article (id) ON DELETE CASCADE, document TSVECTOR NOT NULL)",
        f"CREATE INDEX ix_{TABLE}_document ON {TABLE} USING gin (document)",
    ),
}


class TextWaiting(Model):
    """A story whose words are to be read into the index by a job: after an upgrade, an import, another name of its author."""

    __tablename__ = "text_waiting"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)


class KnownWord(Model):
    """A word of at least two stories: what a mistyped one is taken for. Made anew by a job."""

    __tablename__ = "known_word"

    word: Mapped[str] = mapped_column(String(60), primary_key=True)
    stories: Mapped[int]


def create(connection: Connection) -> None:
    """Make the index of this database, empty."""
    for statement in CREATE[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TABLE}_words")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TABLE}")


def is_ours(item: Any, name: str | None, kind: str, is_reflected: bool, other: Any) -> bool:
    """For Alembic: whether something is to be compared with the models. The index is not; its migration makes it."""
    return not (kind == "table" and str(name).startswith(TABLE))


@event.listens_for(TextWaiting.__table__, "after_create")
def with_index(target: Any, connection: Connection, **options: Any) -> None:
    create(connection)


@event.listens_for(TextWaiting.__table__, "before_drop")
def without_index(target: Any, connection: Connection, **options: Any) -> None:
    drop(connection)
