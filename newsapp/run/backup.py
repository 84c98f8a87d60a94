"""Copies of what must not be lost: of the database alone before it is migrated, and of all with `newsapp backup`."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from newsapp.config import Config

KEPT = 3  # copies from before migrations
PAGES, PAUSE = 2000, 0.005  # of SQLite in one step, and seconds between two: who writes does not wait
SECRETS = ("secret_key", "totp_secret")


class NotKept(Exception):
    """There is no copy; the message says why and what to do."""


def folder(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "backups"


def copy_database(config: Config, path: Path) -> None:
    """A whole copy as of one moment, while everything runs: SQLite's file, or pg_dump's archive. Raises NotKept."""
    url = make_url(config["DATABASE_URL"])
    fresh = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        (copy_sqlite if url.get_backend_name() == "sqlite" else dump_postgresql)(url, fresh)
        fresh.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise NotKept(f"no copy of the database could be written to {path.parent} ({error}); make room there, or take one yourself.") from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink()


def copy_sqlite(url: URL, path: Path) -> None:
    with closing(sqlite3.connect(f"file:{url.database}?mode=ro", uri=True)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target, pages=PAGES, sleep=PAUSE)
        wrong = target.execute("PRAGMA quick_check(1)").fetchone()[0]
    if wrong != "ok":
        raise NotKept(f"the copy of the database is damaged ({wrong}); so may be the database itself.")


def dump_postgresql(url: URL, path: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise NotKept("pg_dump is not on this machine; install PostgreSQL's client programs, or take a backup where it is.")
    given = {
        "PGHOST": url.query.get("host") or url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environ = os.environ | {name: str(value) for name, value in given.items() if value}  # never in the arguments, which all can read
    done = subprocess.run([program, "--format=custom", "--no-owner", f"--file={path}"], env=environ, capture_output=True, text=True)
    if done.returncode:
        raise NotKept(f"pg_dump could not copy the database: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")


def suffix(config: Config) -> str:
    return "db" if make_url(config["DATABASE_URL"]).get_backend_name() == "sqlite" else "dump"


def before_migration(config: Config, revision: str, at: datetime) -> Path:
    """Keep the database as it is at a revision; the oldest of such copies go. Raises NotKept."""
    path = folder(config) / f"before-migration-{revision}-{at:%Y%m%d-%H%M%S}.{suffix(config)}"
    copy_database(config, path)
    for old in sorted(folder(config).glob("before-migration-*"), key=lambda each: each.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return path


def backup(config: Config, target: Path, at: datetime) -> Path:
    """One archive that a paper can be brought back from: database, pictures, secrets. Raises NotKept."""
    home = Path(config["NEWSAPP_HOME"])
    database = target / f".database-{os.getpid()}"
    path = target / f"newsapp-{at:%Y%m%d-%H%M%S}.tar"
    copy_database(config, database)
    fresh = path.with_name(f".{path.name}.part")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            archive.add(database, f"newsapp.{suffix(config)}")
            for name in ("media", *SECRETS):
                if (home / name).exists():
                    archive.add(home / name, name)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise NotKept(f"the backup could not be written to {target} ({error}).") from error
    finally:
        database.unlink(missing_ok=True)
        fresh.unlink(missing_ok=True)
    return path
