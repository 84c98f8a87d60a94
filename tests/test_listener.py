"""The readers' listener: what it answers is what any WSGI server would, and nobody waits for what somebody else needs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from newsapp.config import Config, load_config
from newsapp.database import db
from newsapp.run.parts import site as site_command
from newsapp.run.parts import web
from newsapp.traffic.tokens import token_query
from tests.conftest import Valkey, make_app, wait_for
from tests.home import ROOT
from tests.newsroom import FIREFOX, Newsroom

PORT = 8360
SLOW = 8364  # of the paper whose tables are locked
STORY = "/world/harbour-fire"


@dataclass
class Conversation:
    """A reader's connection to one port."""

    port: int

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Conversation:
        given = {"Host": f"localhost:{SLOW if self.port == SLOW else PORT}", "User-Agent": FIREFOX} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value), "", ""]
        self.socket.sendall("\r\n".join(lines).encode("latin-1") + body)
        return self

    def answer(self) -> bytes:
        """All that comes until the server has closed the connection, but the clock's header."""
        received = b""
        with contextlib.suppress(ConnectionResetError):  # it was told something that it did not read
            while more := self.socket.recv(65536):
                received += more
        self.socket.close()
        return re.sub(rb"date: [^\r]*\r\n", b"", received)

    def has_answer(self) -> bool:
        self.socket.setblocking(False)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.socket.settimeout(20)


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    return Conversation(port).send(method, path, body, **{"Connection": "close"} | headers).answer()


def status(answer: bytes) -> int:
    return int(answer[9:12] or 0)


@contextlib.contextmanager
def serving(environ: dict[str, str], *commands: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = [subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ, "PYTHONPATH": str(ROOT)}) for command in commands]
    try:
        for port in range(int(environ["PORT"]), int(environ["PORT"]) + len(commands)):
            wait_for(lambda port=port: is_up(port), 60, "the site to answer")
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def is_up(port: int) -> bool:
    try:
        return status(ask(port, "GET", "/livez")) == 200
    except OSError:
        return False


@contextlib.contextmanager
def paper(environ: dict[str, str], server: Valkey) -> Iterator[tuple[Config, Newsroom]]:
    config = load_config(environ)
    app = make_app(config, "work")
    with app.app_context():
        yield config, Newsroom(app, server.client()).open()
        db.session.remove()
        db.engine.dispose()


def beacon_of(newsroom: Newsroom) -> str:
    ours = token_query(newsroom.app.config["SECRET_KEY"], newsroom.articles["harbour-fire"], int(time.time()))
    return f"/beacon?{ours}&n=navigate&r=direct&w=0"


def environment(folder: Path, server: Valkey, port: int, **more: str) -> dict[str, str]:
    few = {"SITE_WORKERS": "1", "SITE_THREADS": "3", "LOG_LEVEL": "CRITICAL"}
    return {"NEWSAPP_HOME": str(folder), "PORT": str(port), "REDIS_URL": server.url, **few, **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("v")).start()
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


# The same answers


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server: Valkey) -> Iterator[Newsroom]:
    """One paper, as it is served, and on the next port its WSGI entry, which the tests of pages ask."""
    server.client().flushall()
    folder = tmp_path_factory.mktemp("both")
    (folder / "media").mkdir()
    (folder / "media" / "ferry.png").write_bytes(bytes(range(256)) * 40)
    environ = environment(folder, server, PORT)
    with paper(environ, server) as (config, newsroom):
        newsroom.spike("night-ferry")
        newsroom.read("harbour-fire")
        newsroom.count()  # the lists are published, so that both have the same and none makes its own
        plain = web("site", config, port=PORT + 1, workers=1, threads=3)
        with serving(environ, site_command(config), [*plain[:-1], "bench.variants:wsgi"]):
            yield newsroom


REQUESTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    *((method, path, {}) for method in ("GET", "HEAD") for path in (
        "/", STORY, "/world", "/world?utm_source=x", "/feed", "/feed.xml", "/world/feed.xml", "/sitemap.xml", "/robots.txt", "/openapi.json",
        "/api/v1/most-viewed", "/api/v1/most-viewed?window=decade", "/api/v1/most-viewed?tag=none", "/most-viewed/day", "/how-we-count",
        "/media/ferry.png", "/media/../newsapp.db", "/media/none.png",
        "/favicon.ico", "/static/x/css/tokens.css", "/static/none", "/livez", "/readyz",
        "/desk", "/desk/articles?x=1", "/ops", "/nothing", "/world/nothing", "/world/night-ferry", f"{STORY}/", "//world",
        "/caf%C3%A9", "/%FF%FE", "/%E6%97%A5",
        "/%2e%2e/", "/?p=1", "/api/v1/views", "/beacon", "/beacon.gif", "/beacon?a=1&h=2&t=3", "/beacon.gif?a=1&h=2&t=3", "/beacon/",
    )),
    *(("GET", path, {"Accept_Encoding": encoding}) for path in ("/", STORY, "/feed.xml", "/static/x/css/tokens.css") for encoding in (
        "gzip", "br", "gzip, deflate, br, zstd", "identity")),
    *(("GET", path, {"If_None_Match": tag}) for path in ("/", "/media/ferry.png", "/static/x/css/tokens.css") for tag in ("*", '"x"')),
    *(("GET", "/media/ferry.png", {"Range": span}) for span in ("bytes=0-9", "bytes=100-", "bytes=-5", "bytes=99999-", "bytes=0-1,5-6", "pages=1")),
    *((method, path, {}) for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW") for path in (
        "/", STORY, "/beacon", "/api/v1/views", "/desk")),
    *(("POST", path, {"Content_Length": "5"}) for path in ("/", "/beacon?a=1", "/api/v1/views", "/desk")),
    ("GET", "/", {"Content_Length": "5"}),
    ("POST", "/beacon?a=1", {"Transfer_Encoding": "chunked"}),
    ("POST", "/beacon?a=1", {"Content_Length": "0"}),
    *(("GET", "/", {"Host": host}) for host in ("elsewhere.example", "", f"LOCALHOST:{PORT}", f"127.0.0.1:{PORT}", "caf\xe9")),
    ("POST", "/api/v1/views", {"Authorization": "Bearer newsapp_x", "Content_Length": "0"}),
    ("GET", "/livez", {"Host": "elsewhere.example"}),
    ("GET", STORY, {"X_Also": f"1\r\nHost: localhost:{PORT}"}),
    ("GET", "/", {"Accept_Encoding": "gzip;q=0", "X_Also": "1\r\nAccept-Encoding: br"}),
    ("GET", "/", {"Accept": "text/html, */*;q=0.1", "Cookie": "a=1", "X_Forwarded_For": "1.2.3.4", "Accept_Language": "\xe9"}),
    ("GET", "/metrics", {"X_Forwarded_For": "192.0.2.1"}),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers"), REQUESTS, ids=lambda part: str(part).replace("/", "|"))
def test_each_answer_is_byte_for_byte_what_wsgi_gives(both: Newsroom, method: str, path: str, headers: dict[str, str]) -> None:
    def answers() -> list[bytes]:
        return [ask(port, method, path, b"abcde" if "5" in headers.get("Content_Length", "") else b"", **headers) for port in (PORT, PORT + 1) * 2]

    found = wait_for(lambda: (these := answers()) and len(set(these)) == 1 and these, 10, "four same answers: two made, two kept")
    assert found[0].startswith(b"HTTP/1.1 ")


def test_a_kept_page_is_not_sent_to_who_has_it(both: Newsroom) -> None:
    for encoding in ("gzip", "identity"):
        tag = re.search(rb'etag: (".+?")', ask(PORT, "GET", "/", Accept_Encoding=encoding))[1].decode()
        told = [ask(port, "GET", "/", Accept_Encoding=encoding, If_None_Match=tag) for port in (PORT, PORT + 1)]
        assert told[0] == told[1]
        assert status(told[0]) == 304


def test_a_view_is_answered_as_wsgi_does(both: Newsroom) -> None:
    given = {"Origin": f"http://localhost:{PORT}", "Sec_Fetch_Site": "same-origin", "Content_Length": "0"}
    for change in ({}, {"Origin": "https://elsewhere.example"}, {"Origin": "\xe9"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Purpose": "prefetch"}):
        told = [ask(port, "POST", beacon_of(both), **given | change) for port in (PORT, PORT + 1)]
        assert told[0] == told[1]
    assert status(ask(PORT, "POST", beacon_of(both), **given)) == 204


def test_requests_on_one_connection_are_answered_in_their_order(both: Newsroom) -> None:
    def pipelined(port: int) -> bytes:
        talk = Conversation(port).send("GET", STORY).send("GET", "/beacon").send("HEAD", "/").send("GET", "/livez").send("GET", "/nothing")
        return talk.send("GET", "/static/none", Connection="close").answer()

    found = wait_for(lambda: (these := [pipelined(PORT), pipelined(PORT + 1)]) and these[0] == these[1] and these[0], 5, "the same answers")
    assert re.findall(rb"HTTP/1.1 (\d+)", found) == [b"200", b"400", b"200", b"200", b"404", b"404"]


# Nobody waits for another


def read(newsroom: Newsroom) -> int:
    """Send a view of the story, and return what it was told."""
    return status(ask(SLOW, "POST", beacon_of(newsroom), Content_Length="0"))


@pytest.fixture
def served(tmp_path: Path, postgresql_url: str) -> Iterator[tuple[Newsroom, subprocess.Popen[bytes], Valkey]]:
    """A paper on PostgreSQL, whose tables a test can lock, with a Valkey of its own."""
    (tmp_path / "v").mkdir()
    server = Valkey(tmp_path / "v").start()
    environ = environment(tmp_path, server, SLOW, DATABASE_URL=postgresql_url)
    try:
        with paper(environ, server) as (config, newsroom), serving(environ, site_command(config)) as (process,):
            assert status(ask(SLOW, "GET", STORY)) == 200
            yield newsroom, process, server
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.kill()


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody can read a story meanwhile."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE article IN ACCESS EXCLUSIVE MODE"))
        yield
    engine.dispose()


def test_slow_pages_hold_up_neither_kept_ones_nor_beacons(served: Any, postgresql_url: str) -> None:
    newsroom, _, _ = served
    with locked(postgresql_url):
        paths = ("/politics/court-ruling", "/politics", "/diplomacy", "/feed.xml") * 3
        slow = [Conversation(SLOW).send("GET", path, Connection="close") for path in paths]
        assert status(ask(SLOW, "GET", STORY)) == 200
        assert read(newsroom) == 204
        assert any(not talk.has_answer() for talk in slow)
    assert all(status(talk.answer()) in (200, 500) for talk in slow)


def test_a_hung_redis_holds_up_the_beacon_that_waits_for_it_and_no_page(served: Any) -> None:
    newsroom, _, server = served
    for first in (True, False):  # when the connection is to be made, and when it is there
        server.process.send_signal(signal.SIGSTOP)
        waiting = Conversation(SLOW).send("POST", beacon_of(newsroom), Content_Length="0", Connection="close")
        assert status(ask(SLOW, "GET", STORY)) == 200
        assert not waiting.has_answer()
        began = time.monotonic()
        assert status(waiting.answer()) == (204 if first else 503)
        assert time.monotonic() - began < 1.5
        assert read(newsroom) == 204  # spilled
        server.process.send_signal(signal.SIGCONT)
        wait_for(lambda: read(newsroom) == 204 and server.client().exists("{0}views"), 10, "the inbox")


def test_a_stop_answers_what_is_under_way(served: Any, postgresql_url: str) -> None:
    newsroom, process, server = served
    assert read(newsroom) == 204
    server.process.send_signal(signal.SIGSTOP)
    with locked(postgresql_url):
        page = Conversation(SLOW).send("GET", "/politics/court-ruling")
        view = Conversation(SLOW).send("POST", beacon_of(newsroom), Content_Length="0")
        wait_for(lambda: waits_for_lock(postgresql_url), 5, "the page to wait")
        process.terminate()
        threading.Event().wait(0.05)
    server.process.send_signal(signal.SIGCONT)
    assert status(page.answer()) == 200
    assert status(view.answer()) in (204, 503)
    assert process.wait(10) == 0


def waits_for_lock(url: str) -> bool:
    engine = create_engine(url)
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")))
