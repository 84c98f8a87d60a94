"""How Alembic runs our migrations: each upgrade is one transaction, on SQLite too."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.sql import functions
from sqlalchemy.types import TypeDecorator, TypeEngine

from newsapp.database import Moment, db, writes
from newsapp.search.models import is_ours

LOCK = 7_016_995  # any number; the same in every newsapp, so that two upgrades at once follow each other


def render_item(kind: str, item: Any, autogen_context: Any) -> Any:
    """Types of other packages are written as the plain ones they are stored in, the present moment as each database says it."""
    if kind == "server_default" and isinstance(getattr(item, "arg", None), functions.now):
        return "sa.func.now()"
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    if isinstance(item, Moment):
        autogen_context.imports.add("from newsapp.database import Moment")
        return "Moment()"
    plain: TypeEngine[Any] = item.impl_instance
    return f"sa.{plain!r}"


def drop_empty(migration_context: Any, revision: Any, directives: list[Any]) -> None:
    """Write no migration that would do nothing."""
    if directives[0].upgrade_ops.is_empty():
        directives[:] = []


def loosen(connection: Connection) -> None:
    """Lift what is right for requests and wrong here.

    SQLite changes a table by copying it and dropping the old one, which with foreign keys on
    deletes what points at it. PostgreSQL's timeout of a statement would stop a long copy.
    """
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    else:
        with connection.begin():
            connection.exec_driver_sql("SET statement_timeout = 0")


def check_references(connection: Connection) -> None:
    """What foreign keys would have refused is refused before the commit."""
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise RuntimeError(f"the migration would leave rows that point nowhere, in table {broken[0]}")


def run() -> None:
    with db.engine.connect() as connection:
        connection.detach()  # its settings must not reach a request
        loosen(connection)
        context.configure(
            connection=connection, target_metadata=db.metadata, transactional_ddl=True, render_as_batch=True,
            compare_type=True, compare_server_default=True, render_item=render_item, process_revision_directives=drop_empty,
            include_object=is_ours,
        )  # fmt: skip
        with writes(), context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            context.run_migrations()
            check_references(connection)


run()
