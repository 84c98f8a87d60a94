"""CHECKS of the doctor: what must hold for newsapp to lose nothing, of this machine, its stores and its configuration."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import redis
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from newsapp import __version__, migrate
from newsapp.database import db
from newsapp.ops.board import BAD, GOOD, WARN, size
from newsapp.ops.channels import CHANNELS
from newsapp.queues import QUEUES
from newsapp.redis import LEAST_VERSION, client
from newsapp.settings.store import site_values
from newsapp.traffic.installation import is_another_one

Config = Mapping[str, Any]

PATIENCE = 1.0  # seconds for Redis
LEAST_PYTHON, LEAST_SQLITE, LEAST_POSTGRESQL = (3, 11), (3, 35), (13,)
CLOCKS_APART = 2.0  # seconds
ROOMY = 1 << 30  # bytes of the disk that should be free
LEAST_SECRET = 32  # characters
SECRETS = {"SECRET_KEY": "secret_key", "TOTP_SECRET": "totp_secret"}
WORST_FIRST = (BAD, WARN, GOOD)
LOCAL = ("localhost", "127.0.0.1", "::1")


class Finding(NamedTuple):
    """What a check found. `do` is empty where nothing is to be done."""

    check: str
    state: str
    said: str
    do: str = ""


@dataclass(frozen=True)
class Check:
    """One check; it yields (state, what it found, what to do)."""

    name: str
    run: Callable[[Config], Iterator[tuple[str, str, str]]]


def versions(config: Config) -> Iterator[tuple[str, str, str]]:
    is_new = sys.version_info >= LEAST_PYTHON
    said = f"newsapp {__version__} on Python {sys.version.split()[0]}"
    yield (GOOD, said, "") if is_new else (BAD, said, f"Install Python {dotted(LEAST_PYTHON)} or newer.")


def home(config: Config) -> Iterator[tuple[str, str, str]]:
    folder: Path = config["NEWSAPP_HOME"]
    if not os.access(folder, os.W_OK | os.X_OK):
        yield BAD, f"{folder} cannot be written.", "Set NEWSAPP_HOME to a folder of the user that runs newsapp, or give it to that user."
        return
    others = stat.S_IMODE(folder.stat().st_mode) & 0o077
    if others:
        yield BAD, f"{folder} is open to other users.", f"chmod 700 {folder}"
    else:
        yield GOOD, f"{folder} is ours alone.", ""


def disk(config: Config) -> Iterator[tuple[str, str, str]]:
    free = shutil.disk_usage(config["NEWSAPP_HOME"]).free
    if free < config["SPILL_DISK_FREE"]:
        yield BAD, f"{size(free)} are free: the spill takes nothing.", "Make room: old logs, backups. Views are refused once Redis is full."
    elif free < max(ROOMY, config["SPILL_DISK"]):
        yield WARN, f"{size(free)} are free, less than SPILL_DISK ({size(config['SPILL_DISK'])}) and a reserve.", "Make room, or lower SPILL_DISK."
    else:
        yield GOOD, f"{size(free)} are free.", ""


def secrets(config: Config) -> Iterator[tuple[str, str, str]]:
    for variable, name in SECRETS.items():
        path = config["NEWSAPP_HOME"] / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield BAD, f"{path} can be read by others.", f"chmod 600 {path}; then make a new one, since it may be known."
        elif len(config[variable]) < LEAST_SECRET:
            yield (
                BAD,
                f"{variable} has {len(config[variable])} characters.",
                "Unset it, or make one of 64: openssl rand -hex 32",
            )
        else:
            yield GOOD, f"{variable} is long enough{' and its file is ours alone' if path.exists() else ''}.", ""


def proxies(config: Config) -> Iterator[tuple[str, str, str]]:
    if any(network.prefixlen == 0 for network in config["TRUSTED_PROXIES"]):
        yield BAD, "TRUSTED_PROXIES trusts everybody: any reader can claim any address.", "Name the proxy's own network, such as 10.0.0.0/24."
    if any(network.prefixlen == 0 for network in config["METRICS_ALLOW"]):
        yield WARN, "METRICS_ALLOW lets everybody read /metrics.", "Name the networks of those who collect them."
    for variable in ("SITE_URL", "DESK_URL"):
        address = urlsplit(config[variable])
        if address.hostname in LOCAL:
            yield GOOD, f"{variable} is of this machine alone.", ""
        elif address.scheme != "https":
            yield (
                BAD,
                f"{variable} is {config[variable]}: passwords and cookies go in the clear.",
                "Put a proxy with TLS before it and write https://.",
            )
        elif not config["TRUSTED_PROXIES"]:
            yield BAD, f"{variable} is {config[variable]} and no proxy is trusted: all readers seem to be one.", "Set TRUSTED_PROXIES to its network."
        else:
            yield GOOD, f"{variable} is {config[variable]}, behind a trusted proxy.", ""


def database(config: Config) -> Iterator[tuple[str, str, str]]:
    try:
        with db.engine.connect() as connection:
            if db.engine.dialect.name == "sqlite":
                yield from sqlite(connection)
            else:
                yield from postgresql(connection)
            yield from migrations(connection)
    except SQLAlchemyError as error:
        yield BAD, f"It does not answer: {first_line(error)}", "Start it, or mend DATABASE_URL."


def sqlite(connection: Any) -> Iterator[tuple[str, str, str]]:
    is_new = sqlite3.sqlite_version_info >= LEAST_SQLITE
    said = f"SQLite {sqlite3.sqlite_version}"
    yield (GOOD, said, "") if is_new else (BAD, said, f"Install SQLite {dotted(LEAST_SQLITE)} or newer.")
    mode = connection.scalar(text("PRAGMA journal_mode"))
    if mode != "wal":
        yield BAD, f"Its journal mode is {mode}.", "Put the file on a disk of this machine: WAL does not work over a network."


def postgresql(connection: Any) -> Iterator[tuple[str, str, str]]:
    number = int(connection.scalar(text("SHOW server_version_num")))
    said = f"PostgreSQL {number // 10000}.{number % 10000}"
    yield (GOOD, said, "") if number // 10000 >= LEAST_POSTGRESQL[0] else (BAD, said, f"Install PostgreSQL {dotted(LEAST_POSTGRESQL)} or newer.")
    if connection.scalar(text("SHOW fsync")) != "on":
        yield BAD, "fsync is off: a power cut may destroy it.", "Set fsync = on in postgresql.conf."
    apart = abs(float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))) - time.time())
    if apart > CLOCKS_APART:
        yield BAD, f"Its clock is {apart:.0f} s from this machine's.", "Let both follow a time server (chrony, systemd-timesyncd)."


def migrations(connection: Any) -> Iterator[tuple[str, str, str]]:
    try:
        if migrate.is_current(connection):
            yield GOOD, f"Its tables are at revision {migrate.head()}.", ""
        else:
            yield (
                BAD,
                f"Its tables are at revision {migrate.revision(connection)}, newsapp's at {migrate.head()}.",
                "Back it up, then: newsapp migrate",
            )
    except migrate.NewerDatabase as error:
        yield BAD, str(error), "Or restore the backup that was made before the upgrade."


def redis_server(config: Config) -> Iterator[tuple[str, str, str]]:
    connection = client(config["REDIS_URL"], timeout=PATIENCE)
    try:
        info: Any = connection.info()
        yield from redis_findings(connection, info)
    except redis.RedisError as error:
        yield BAD, f"It does not answer: {error}", "Start it (newsapp up does by itself), or mend REDIS_URL."
    finally:
        connection.close()


def redis_findings(connection: redis.Redis, info: Any) -> Iterator[tuple[str, str, str]]:
    version = info.get("valkey_version", info["redis_version"])
    said = f"{'Valkey' if 'valkey_version' in info else 'Redis'} {version}"
    is_new = tuple(map(int, version.split(".")[:2])) >= LEAST_VERSION
    yield (GOOD, said, "") if is_new else (BAD, said, f"Install Valkey, or Redis {dotted(LEAST_VERSION)} or newer.")
    yield from persistence(connection, info)
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield BAD, f"maxmemory-policy is {policy}: it throws views away when it is full.", "CONFIG SET maxmemory-policy noeviction, and in its file."
    else:
        yield GOOD, "It evicts nothing.", ""
    if not info["maxmemory"]:
        yield WARN, "It has no maxmemory: a backlog may take the whole machine.", "Set maxmemory to what it may have, such as 256mb."
    seconds, microseconds = connection.time()
    apart = abs(seconds + microseconds / 1e6 - time.time())
    if apart > CLOCKS_APART:
        yield BAD, f"Its clock is {apart:.0f} s from this machine's.", "Let both follow a time server (chrony, systemd-timesyncd)."
    if owned_by_another(connection):
        yield BAD, "It belongs to another installation: its events are not ours to count.", "Set REDIS_URL to a Redis of this one's own."


def persistence(connection: redis.Redis, info: Any) -> Iterator[tuple[str, str, str]]:
    if not info["aof_enabled"]:
        yield BAD, "appendonly is off: what is not counted is lost when it stops.", "CONFIG SET appendonly yes, and in its file."
        return
    if info.get("aof_last_write_status", "ok") != "ok":
        yield BAD, "Its last write to disk failed.", "Make room on its disk; look at its log."
    try:
        sync = connection.config_get("appendfsync").get("appendfsync", "")
    except redis.RedisError:  # a hosted one may not tell
        yield WARN, "It appends to disk; how often it syncs it does not say.", "See in its configuration that appendfsync is always or everysec."
        return
    if sync == "always":
        yield GOOD, "It appends to disk and syncs before each answer.", ""
    elif sync == "everysec":
        yield WARN, "It syncs each second: a power cut may lose two.", "appendfsync always, where no view may be lost."
    else:
        yield BAD, f"appendfsync is {sync}: a power cut may lose minutes.", "CONFIG SET appendfsync always, and in its file."


def owned_by_another(connection: redis.Redis) -> bool:
    try:
        return is_another_one(connection)
    except SQLAlchemyError:  # no tables yet
        return False


def clock(config: Config) -> Iterator[tuple[str, str, str]]:
    """Only what can be known here: behind the newest file that newsapp came with, a clock is wrong."""
    made = max(path.stat().st_mtime for path in (migrate.MIGRATIONS / "versions").glob("*.py"))
    at = time.time()
    if at < made - 86400:
        yield BAD, f"This machine says {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC, before its newsapp was installed.", "Set its clock."
    else:
        yield GOOD, f"This machine says {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC.", ""


def workers(config: Config) -> Iterator[tuple[str, str, str]]:
    connection = client(config["REDIS_URL"], timeout=PATIENCE)
    try:
        heard = {name for worker in Worker.all(connection=connection, serializer=JSONSerializer) for name in worker.queue_names()}
    except redis.RedisError:
        return
    finally:
        connection.close()
    idle = [record.name for record in QUEUES if record.name not in heard]
    if idle:
        yield WARN, f"Nobody works on {', '.join(idle)}.", "Start newsapp up; or newsapp part count, work-desk, work-slow under your supervisor."
    else:
        yield GOOD, "Every queue has a worker.", ""


def alerting(config: Config) -> Iterator[tuple[str, str, str]]:
    try:
        settings = site_values()
    except SQLAlchemyError:
        return
    ways = [channel.name for channel in CHANNELS if channel.address(settings)]
    if ways:
        yield GOOD, f"Alarms are told by {' and '.join(ways)}.", ""
    else:
        yield WARN, "Nobody is told of alarms.", "Set SMTP_URL and, at the desk, Settings, Alerts; or a webhook there."


CHECKS = (
    Check("versions", versions),
    Check("clock", clock),
    Check("home", home),
    Check("disk", disk),
    Check("secrets", secrets),
    Check("proxies", proxies),
    Check("database", database),
    Check("redis", redis_server),
    Check("workers", workers),
    Check("alerts", alerting),
)


def examine(config: Config) -> list[Finding]:
    """What every check found, in an application context. Never raises for what it looks at."""
    return [Finding(check.name, *each) for check in CHECKS for each in safely(check, config)]


def safely(check: Check, config: Config) -> list[tuple[str, str, str]]:
    try:
        return list(check.run(config))
    except OSError as error:
        return [(BAD, f"It cannot be looked at: {error}", "See that the path is there and may be read.")]


def counts(found: list[Finding]) -> dict[str, int]:
    return {state: sum(finding.state == state for finding in found) for state in WORST_FIRST}


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
