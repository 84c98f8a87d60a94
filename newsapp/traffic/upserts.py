"""Adding to many rows of a table at once: what is there grows, what is not begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Column = np.ndarray[Any, Any]

MOST_VALUES = 999  # of one statement of SQLite; what every version takes


def add_rows(connection: Connection, table: Table, columns: dict[str, Column]) -> None:
    """Add to each row of a table. `columns` holds the primary key's and those that are added to, all of one length, no key twice.

    Rows go in the order of the primary key: two writers that touch the same rows then wait for each
    other on PostgreSQL instead of blocking each other for good.
    """
    names = tuple(columns)
    if not len(columns[names[0]]):
        return
    order = order_of([columns[column.name] for column in table.primary_key.columns])
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(arrays_statement(table, names), tuple(columns[name][order].tolist() for name in names))
        return
    flat = np.stack([columns[name][order] for name in names], axis=1).ravel().tolist()
    run_in_portions(connection, lambda rows: rows_statement(table, names, rows), flat, len(names))


def run_in_portions(connection: Connection, statement: Callable[[int], str], flat: list[Any], width: int) -> None:
    """For SQLite: many rows an execution, each of `width` values. Beginning a statement anew for each costs more than writing it."""
    rows = MOST_VALUES // width
    whole = len(flat) - len(flat) % (rows * width)
    if whole:
        connection.exec_driver_sql(statement(rows), [tuple(flat[start : start + rows * width]) for start in range(0, whole, rows * width)])
    if whole < len(flat):
        connection.exec_driver_sql(statement(1), [tuple(flat[start : start + width]) for start in range(whole, len(flat), width)])


def order_of(columns: Sequence[Column]) -> Column:
    """The order of rows by some columns, the first first. As one number where their ranges fit into it: that sorts several times as fast."""
    if not len(columns[0]):
        return np.empty(0, "i8")
    lows = [int(column.min()) for column in columns]
    bits = [int(column.max() - low).bit_length() for column, low in zip(columns, lows, strict=True)]
    if sum(bits) > 63:
        return np.lexsort(columns[::-1])
    packed = np.zeros(len(columns[0]), "i8")
    for column, low, width in zip(columns, lows, bits, strict=True):
        packed = packed << width | (column - low)
    return np.argsort(packed)


@lru_cache(maxsize=64)
def rows_statement(table: Table, names: tuple[str, ...], rows: int) -> str:
    """For SQLite: so many rows an execution."""
    values = ", ".join([f"({', '.join('?' * len(names))})"] * rows)
    return f"INSERT INTO {table.name} ({listed(names)}) VALUES {values} {on_conflict(table, names)}"  # noqa: S608 - names of our tables


@lru_cache(maxsize=64)
def arrays_statement(table: Table, names: tuple[str, ...]) -> str:
    """For PostgreSQL: all rows in one, a column an array."""
    arrays = ", ".join(f"%s::{type_of(table, name)}[]" for name in names)
    return f"INSERT INTO {table.name} ({listed(names)}) SELECT * FROM unnest({arrays}) {on_conflict(table, names)}"  # noqa: S608 - names of our tables


def type_of(table: Table, name: str) -> str:
    return {"INTEGER": "int", "BIGINT": "bigint"}[str(table.c[name].type)]


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def on_conflict(table: Table, names: tuple[str, ...]) -> str:
    keys = tuple(column.name for column in table.primary_key.columns)
    grown = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names if name not in keys)
    return f"ON CONFLICT ({listed(keys)}) DO UPDATE SET {grown}"


def insert_or_ignore(connection: Connection, table: Any) -> Any:
    """An insert that leaves the rows that are there as they are."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def bare_rows(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """A query's rows as the driver gives them: with a hundred thousand, SQLAlchemy's own rows cost more than finding them."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
    finally:
        cursor.close()
