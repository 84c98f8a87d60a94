"""What a new installation gets: its tables, a sample edition to look at, and somebody who may sign in."""

from __future__ import annotations

import logging

from flask import Flask
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from newsapp import create_app, migrate
from newsapp.config import Config
from newsapp.database import now
from newsapp.run.backup import NotKept, before_migration
from newsapp.run.terminal import Refusal, say

Editor = tuple[str, str]  # e-mail and password


def prepare(config: Config) -> Editor | None:
    """Bring the database up to date, and a new one to life. Returns the first editor when one was made just now.

    The usual start finds all in order with three small queries and imports nothing for them.
    """
    try:
        if is_prepared(config["DATABASE_URL"]):
            return None
    except OperationalError as error:
        raise Refusal(f"the database does not answer: {str(error.orig).strip().splitlines()[0]}") from error
    except migrate.NewerDatabase as error:
        raise Refusal(str(error)) from error
    except SQLAlchemyError as error:
        raise Refusal(f"the database cannot be used: {str(getattr(error, 'orig', None) or error).splitlines()[0]}; check DATABASE_URL") from error
    app = create_app(config)
    logging.root.setLevel(logging.ERROR)  # no Redis is there yet to be told of changes; the workers tell it later
    with app.app_context():
        try:
            keep_copy(config)
            migrate.upgrade()
            publish_sample()
            return first_editor()
        finally:
            close_connections(app)


def close_connections(app: Flask) -> None:
    """The parts are forks of this process (run/preload.py), and a connection serves one process alone."""
    from newsapp.database import db

    db.session.remove()
    db.engine.dispose()
    for name in ("redis_desk", "redis_jobs"):
        app.extensions[name].close()


def keep_copy(config: Config) -> None:
    """Before a database is migrated it is kept as it was, so that there is a way back. Raises Refusal where it cannot be."""
    from newsapp.database import db

    with db.engine.connect() as connection:
        found = migrate.revision(connection)
        if found is None or migrate.is_current(connection):
            return
    try:
        say(f"the database, as it was at revision {found}, is kept in {before_migration(config, found, now())}")
    except NotKept as error:
        raise Refusal(f"{error} Then start again; `newsapp migrate --no-backup` goes on without.") from error


def is_prepared(url: str) -> bool:
    """Whether the tables are up to date, somebody can sign in, and there is something to read."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return migrate.is_current(connection) and all(has_row(connection, table) for table in ("desk_user", "section"))
    finally:
        engine.dispose()


def has_row(connection: Connection, table: str) -> bool:
    return connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first() is not None  # noqa: S608


def publish_sample() -> None:
    """Publish the sample edition where there is neither an article nor a section."""
    from newsapp.database import db

    with db.engine.connect() as connection:
        if has_row(connection, "article") or has_row(connection, "section"):
            return
    from newsapp.edition.publish import publish_edition

    publish_edition(now())


def first_editor() -> Editor | None:
    """The first person at the desk, made unless there is one."""
    from newsapp.people.staff import first_editor as make

    return make()
