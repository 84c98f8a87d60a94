"""Deeds: what somebody does at the desk or on the command line. A commit in the course of one writes into the audit log what it changed.

It is hooked where all writing meets, at the connection: whatever a feature writes, by a model or by a statement, is told of in the
transaction that wrote it, and what is rolled back is not. Outside a deed (a worker, a reader's page) nothing is noted.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event, insert
from sqlalchemy.orm import Session

from newsapp.audit.kinds import PARTS, QUIET, REWRITTEN, kind_of
from newsapp.audit.models import AuditEntry
from newsapp.audit.telling import Note, notes_of, row_in_words
from newsapp.database import db, now

KEY = "written"
# A statement that writes, however it came about: by a model, by a table, or as text.
WRITING = re.compile(r"""\s*(?P<verb>INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+["`]?(?P<table>\w+)""", re.IGNORECASE)


@dataclass
class Deed:
    """One request or command that may change something: who, what it is called, and the thing that its address names."""

    who: str
    name: str
    thing: str = ""


@dataclass
class Written:
    """What the open transaction of a connection has written so far."""

    notes: list[Note] = field(default_factory=list)
    by_models: set[str] = field(default_factory=set)
    by_statements: dict[str, list[str]] = field(default_factory=dict)  # table -> its rows in words


_deed: ContextVar[Deed | None] = ContextVar("deed", default=None)


@contextlib.contextmanager
def doing(who: str, name: str, thing: str = "") -> Iterator[Deed]:
    """A deed for the length of a block."""
    deed = Deed(who, name, thing)
    token = _deed.set(deed)
    try:
        yield deed
    finally:
        _deed.reset(token)


def begin(deed: Deed | None) -> None:
    """Begin a deed, or end it with None; for requests, whose beginning and end are apart."""
    _deed.set(deed)


def current() -> Deed | None:
    return _deed.get()


def say(kind: str, thing: str, label: str, what: str, sql: Connection | None = None) -> None:
    """Note what is no row of its own, such as signing in, in the open transaction of the session or a connection."""
    written(sql or db.session.connection()).notes.append(Note(kind, thing, label, what))


def written(connection: Connection) -> Written:
    found: Written = connection.info.setdefault(KEY, Written())
    return found


def listen(engine: Engine) -> None:
    """Note what connections write in the course of a deed, and tell it as they commit."""
    event.listen(engine, "begin", forget)
    event.listen(engine, "rollback", forget)
    event.listen(engine, "after_cursor_execute", note_statement)
    event.listen(engine, "commit", tell)


def forget(connection: Connection) -> None:
    connection.info.pop(KEY, None)


def note_statement(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
    if _deed.get() is None or not (found := WRITING.match(statement)):
        return
    table = found["table"]
    if table in QUIET | PARTS or cursor.rowcount == 0:
        return
    rows = context.compiled_parameters if context.compiled is not None and found["verb"].upper() != "DELETE FROM" else []
    written(connection).by_statements.setdefault(table, []).extend([row_in_words(row) for row in rows] or [found["verb"].lower()])


@event.listens_for(db.session, "after_flush")
def note_flush(session: Session, context: Any) -> None:
    """What models changed; a flush of theirs runs statements too, which need not be told twice."""
    if _deed.get() is None:
        return
    found = written(session.connection())
    groups = [[thing for thing in group if is_told(thing)] for group in (session.new, session.dirty, session.deleted)]
    found.by_models |= {type(thing).__tablename__ for group in groups for thing in group}
    new, dirty, deleted = groups
    found.notes += notes_of(new, dirty, deleted, session.connection())


def is_told(thing: Any) -> bool:
    return type(thing).__tablename__ not in QUIET | PARTS | REWRITTEN.keys()


def tell(connection: Connection) -> None:
    """Write the entries of what is about to be committed."""
    deed, found = _deed.get(), connection.info.pop(KEY, None)
    if deed is None or found is None:
        return
    notes = [*found.notes, *(by_statement(deed, table, rows) for table, rows in found.by_statements.items() if table not in found.by_models)]
    if notes:
        at = now()
        connection.execute(insert(AuditEntry), [{**note._asdict(), "at": at, "who": deed.who, "deed": deed.name} for note in notes])


def by_statement(deed: Deed, table: str, rows: list[str]) -> Note:
    """What was written without a model: the thing that the address names, or the table."""
    told = max(rows, key=len) + (f" (and {len(rows) - 1} more)" if len(rows) > 1 else "")
    what = REWRITTEN.get(table, told)
    return Note(kind_of(table), deed.thing or kind_of(table), "", what)
