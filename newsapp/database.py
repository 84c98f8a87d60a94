"""The database handle, SQLite's pragmas, and the clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

_writing: ContextVar[bool] = ContextVar("writing", default=False)


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


class Moment(TypeDecorator[datetime]):
    """A point in time: UTC in the database, aware in Python, on every database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@contextlib.contextmanager
def writes() -> Iterator[None]:
    """Transactions begun inside take SQLite's write lock at once.

    A deferred transaction that reads first and writes later fails at once when another writer was
    between (SQLITE_BUSY_SNAPSHOT, which busy_timeout does not cover).
    """
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@contextlib.contextmanager
def write_unit() -> Iterator[Connection]:
    """One short write transaction on a connection of its own: commits at the end, rolls back on an error."""
    with writes(), db.engine.begin() as connection:
        yield connection


@contextlib.contextmanager
def lone_unit(table: str) -> Iterator[Connection]:
    """A write transaction of which only one runs at a time for that table, and which reads all as of one moment.

    Others may go on inserting into the table.
    """
    with writes(), db.engine.connect() as plain:
        postgresql = plain.dialect.name == "postgresql"
        connection = plain.execution_options(isolation_level="REPEATABLE READ") if postgresql else plain
        with connection.begin():
            if postgresql:  # does not read, so the moment begins after it
                connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE")
            yield connection


def analyse(*tables: str) -> None:
    """Let PostgreSQL see what tables hold now: until its own round came, it would look for the stories of a list the long way."""
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.exec_driver_sql(f'ANALYZE "{table}"')


def sqlite_pragmas(connection: Any, busy_timeout_ms: int) -> None:
    connection.isolation_level = None  # begin_transaction() below speaks for the driver
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={busy_timeout_ms}", "foreign_keys=ON", "cache_size=-16000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def prepare(engine: Engine, timeout_s: float) -> None:
    """Set an engine up for its work: lock and statement timeouts, and SQLite's transactions."""
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def connected(connection: Any, record: Any) -> None:
            sqlite_pragmas(connection, int(timeout_s * 1000))

        @event.listens_for(engine, "begin")
        def begin_transaction(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def engine_options(url: str, timeout_s: float) -> dict[str, Any]:
    """create_engine's options for an address, so that no request waits longer than `timeout_s` seconds."""
    if url.startswith("sqlite"):
        return {"pool_timeout": timeout_s, "connect_args": {"timeout": timeout_s, "check_same_thread": False}}
    milliseconds = int(timeout_s * 1000)
    statement = milliseconds if timeout_s <= 1 else milliseconds * 6  # a reader does not wait for a slow answer either
    return {
        "pool_pre_ping": True,
        "pool_timeout": timeout_s,
        "connect_args": {
            "connect_timeout": max(2, int(timeout_s)),
            "tcp_user_timeout": milliseconds * 2,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "options": f"-c lock_timeout={milliseconds} -c statement_timeout={statement} -c synchronous_commit=on",
        },
    }
