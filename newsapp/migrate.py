"""Migrations: bringing a database's tables to what the models say. Made by Alembic, imported only when needed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


class NewerDatabase(Exception):
    """The database was migrated by a newer newsapp than this one."""


def revisions() -> list[str]:
    """The revisions there are, in order: files are named 0001_first_tables.py, 0002_…"""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def head() -> str:
    """The revision that an up-to-date database has."""
    return revisions()[-1]


def revision(connection: Connection) -> str | None:
    """The revision that the database has; None when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def is_current(connection: Connection) -> bool:
    """Whether the database needs no migration. Raises NewerDatabase."""
    found = revision(connection)
    if found is not None and found not in revisions():
        raise NewerDatabase(f"the database has revision {found} of a newer newsapp; this one knows {head()}. Install the newer one.")
    return found == head()


def upgrade() -> None:
    """Bring the database of the current application up to date."""
    from alembic import command

    command.upgrade(alembic_config(), "head")


def write_new(title: str) -> Path | None:
    """Write the migration from an empty database with all migrations to what the models say. None when they agree."""
    from alembic import command

    from newsapp import create_app
    from newsapp.config import load_config

    with tempfile.TemporaryDirectory() as home:
        app = create_app(load_config({"NEWSAPP_HOME": home, "LOG_LEVEL": "WARNING"}))
        with app.app_context():
            if revisions():
                upgrade()
            made = command.revision(alembic_config(), title, autogenerate=True, rev_id=f"{len(revisions()) + 1:04}")
    return Path(made.path) if made and not isinstance(made, list) else None


def alembic_config() -> Config:
    """Alembic's settings, without a file of its own."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    if ruff := shutil.which("ruff", path=str(Path(sys.executable).parent)):
        write_tidily(config, ruff)
    return config


def write_tidily(config: Config, ruff: str) -> None:
    """Let ruff sort and format what Alembic writes."""
    config.set_section_option("post_write_hooks", "hooks", "sort, format")
    for hook, options in (("sort", "check -q --select I --fix"), ("format", "format -q")):
        for name, value in (("type", "exec"), ("executable", ruff), ("options", f"{options} REVISION_SCRIPT_FILENAME")):
            config.set_section_option("post_write_hooks", f"{hook}.{name}", value)
