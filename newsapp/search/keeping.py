"""How the index stays true: what a transaction changed is read in before it commits, and what is much waits for a job."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, delete, event, func, inspect, select

from newsapp.database import db, write_unit
from newsapp.news.models import Article, ArticleAuthor, Author
from newsapp.search.index import read_in
from newsapp.search.models import TextWaiting
from newsapp.traffic.upserts import insert_or_ignore

DUE = "stories to index"
AT_ONCE = 200  # stories that one transaction reads in; more wait for the job, so that nobody waits for them


def keep_true() -> None:
    """Let every session of the ORM keep the index; more than once is once."""
    for name, listener in (("after_flush", note), ("before_commit", read_in_due), ("after_soft_rollback", forget)):
        if not event.contains(db.session.session_factory, name, listener):
            event.listen(db.session.session_factory, name, listener)


def note(session: Any, flush_context: Any) -> None:
    """Remember the stories that a flush wrote."""
    due = session.info.setdefault(DUE, set())
    for each in {*session.new, *session.dirty}:
        if isinstance(each, Article):
            due.add(each.id)
        elif isinstance(each, ArticleAuthor):
            due.add(each.article_id)
        elif isinstance(each, Author) and inspect(each).attrs.name.history.has_changes():
            put_off(session.connection(), select(ArticleAuthor.article_id).where(ArticleAuthor.author_id == each.id))


def read_in_due(session: Any) -> None:
    session.flush()
    due = session.info.pop(DUE, set())
    if len(due) > AT_ONCE:
        put_off(session.connection(), select(Article.id).where(Article.id.in_(due)))
    elif due:
        read_in(session.connection(), due)


def forget(session: Any, previous_transaction: Any) -> None:
    session.info.pop(DUE, None)


def put_off(connection: Connection, ids: Select[Any]) -> None:
    """Let the job read in those stories."""
    connection.execute(insert_or_ignore(connection, TextWaiting).from_select(["article_id"], ids))


def index_texts() -> int:
    """Read in all that waits, in short transactions. Returns how many stories it was."""
    done, next_ones = 0, select(TextWaiting.article_id).order_by(TextWaiting.article_id.desc()).limit(AT_ONCE)
    taken = delete(TextWaiting).where(TextWaiting.article_id.in_(next_ones)).returning(TextWaiting.article_id)
    while True:
        with write_unit() as connection:  # taken first: who puts a story off meanwhile waits, and its row is a new one
            ids = list(connection.scalars(taken))
            read_in(connection, ids)
        done += len(ids)
        if len(ids) < AT_ONCE:
            return done


def waiting() -> int:
    """How many stories are not in the index yet as they are."""
    return db.session.scalar(select(func.count()).select_from(TextWaiting)) or 0
