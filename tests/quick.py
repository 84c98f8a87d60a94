"""What each test would do anew although it is the same every time, done once: compiled templates and addresses, static files, an empty database.

It was half of the time that the tests of the desk took. Nothing of it differs from what the product does.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule

import newsapp
from newsapp import import_models
from newsapp.database import db
from newsapp.delivery import assets


class Compiled(BytecodeCache):
    """Templates as they were compiled for the app of an earlier test, as newsapp keeps them in a home; jinja2 compares their source."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


def once_for_each_rule(compiled: Callable[[Rule, bool], Any]) -> Callable[..., Any]:
    """The function that builds a rule's addresses; werkzeug compiles it from what is in the key."""
    kept: dict[object, Any] = {}

    def of(rule: Rule, append_unknown: bool = True) -> Any:
        key = rule.rule, repr(rule._trace), repr(rule.defaults), append_unknown
        if key not in kept:
            kept[key] = compiled(rule, append_unknown)
        return kept[key]

    return of


def of_one_cache(make_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    """How flask-sqlalchemy makes an engine; statements are compiled for the first of a sort of database and used by all."""
    compiled: dict[type, Any] = {}

    def make(*arguments: Any) -> Engine:
        engine = make_engine(*arguments)
        engine._compiled_cache = compiled.setdefault(type(engine.dialect), engine._compiled_cache)
        return engine

    return make


def be_quick() -> None:
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    SQLAlchemy._make_engine = of_one_cache(SQLAlchemy._make_engine)  # type: ignore[method-assign]
    compiled: dict[str, Compiled] = defaultdict(Compiled)
    newsapp.compiled_for = lambda config, role: compiled[role]
    Rule._compile_builder = once_for_each_rule(Rule._compile_builder)  # type: ignore[method-assign]
    assets.read = functools.cache(assets.read)


def make_empty() -> None:
    """Give the app's database every table and no row."""
    if db.engine.dialect.name == "postgresql":
        empty_postgresql()
        return
    path = Path(db.engine.url.database or "")
    db.engine.dispose()
    for old in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        old.unlink(missing_ok=True)
    shutil.copyfile(empty_sqlite(), path)


@functools.cache
def empty_sqlite() -> Path:
    """A file of SQLite with every table and no row."""
    path = Path(tempfile.mkdtemp(prefix="newsapp-empty-")) / "newsapp.db"
    import_models("tool")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        db.metadata.create_all(connection)
    engine.dispose()
    return path


# Rows of a small table are removed in a tenth of the time that truncating it takes, which makes new files of it and of its indexes.
EMPTIED = """DO $$ DECLARE name text; size bigint; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name, size IN
    SELECT quote_ident(relname), pg_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  LOOP
    IF size > 400000 THEN EXECUTE 'TRUNCATE ' || name || ' CASCADE'; ELSIF size > 0 THEN EXECUTE 'DELETE FROM ' || name; END IF;
  END LOOP;
  FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
  END LOOP;
END $$"""


# What a database has when it is made: as a paper grows, the windows of Most Viewed change their indexes, and statistics are gathered.
SHAPE = """SELECT (SELECT array_agg(indexname ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public')::text
  || (SELECT count(*) FROM pg_stats WHERE schemaname = 'public')"""
MADE: dict[str, object] = {}


def empty_postgresql() -> None:
    """Tables that are all there are emptied; after migrations, or when one is not as it was made, all are made anew."""
    address = str(db.engine.url)
    with db.engine.begin() as connection:
        present = set(inspect(connection).get_table_names())
        is_whole = "alembic_version" not in present and present >= set(db.metadata.tables)
        if is_whole and connection.exec_driver_sql(SHAPE).scalar() == MADE.get(address):
            connection.exec_driver_sql(EMPTIED)
            return
    db.drop_all()
    db.create_all()
    with db.engine.connect() as connection:
        MADE[address] = connection.exec_driver_sql(SHAPE).scalar()
