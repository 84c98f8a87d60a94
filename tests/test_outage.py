"""A whole newsapp, run by `newsapp up`, while Redis is away and while clients misbehave."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Valkey, wait_for
from tests.home import ROOT, Home
from tests.newsroom import FIREFOX
from tests.prepared import Prepared

PORT = 8150


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    folder = tmp_path_factory.mktemp("v")
    server = Valkey(folder).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, server: Valkey, prepared: Prepared) -> Iterator[Home]:
    """A paper whose Valkey is not its own part, so that a test may stop it."""
    home = prepared.home_in(tmp_path_factory.mktemp("outage") / "home", PORT=PORT, REDIS_URL=server.url, TRUSTED_PROXIES="127.0.0.1/32").up()
    yield home
    home.stop()


def ask(method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path, headers={"User-Agent": FIREFOX, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def a_story() -> str:
    return re.search(r"<link>http://[^/]+(/[^<]+/[^<]+)</link>", ask("GET", "/feed.xml")[1]).group(1)


def read(path: str, reader: int) -> int:
    """Send the beacon of a story as one reader of many."""
    beacon = re.search(r'data-beacon="([^"]+)"', ask("GET", path)[1]).group(1).replace("&amp;", "&")
    return ask("POST", f"{beacon}&n=navigate", **{"X-Forwarded-For": f"10.1.{reader // 250}.{reader % 250 + 1}"})[0]


def ledger(paper: Home) -> dict[str, int]:
    command = [sys.executable, "-m", "newsapp.cli", "ledger", "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, env=paper.environment, capture_output=True, text=True, timeout=60).stdout or "{}")


@pytest.mark.timeout(180)
def test_with_redis_stopped_pages_serve_and_views_are_counted_when_it_is_back(paper: Home, server: Valkey) -> None:
    path = a_story()
    assert [read(path, reader) for reader in range(10)] == [204] * 10
    server.kill()
    wait_for(lambda: read(path, 10) == 204, 10, "the first spilled beacon")
    assert [read(path, reader) for reader in range(11, 40)] == [204] * 29
    assert [ask("GET", page)[0] for page in ("/", path, "/diplomacy", "/about", "/readyz")] == [200] * 5
    assert list(Path(paper.folder, "spill").glob("*.spill"))
    server.start()
    books = wait_for(lambda: (found := ledger(paper)).get("counted", 0) >= 40 and found, 60, "the spill to be counted")
    assert (books["counted"], books["waiting"], books["balance"]) == (40, 0, 0)
    assert read(path, 41) == 204
    wait_for(lambda: ledger(paper).get("counted") == 41, 30, "counting to go on")


@pytest.mark.timeout(180)
def test_with_too_few_replicas_views_spill_and_are_counted_once_there_are_enough(paper: Home, server: Valkey) -> None:
    """min-replicas-to-write: Redis answers and takes no write, neither a view nor a job."""
    path, before = a_story(), ledger(paper)["counted"]
    server.client().config_set("min-replicas-to-write", 1)
    assert [read(path, reader) for reader in range(100, 130)] == [204] * 30
    figures = wait_for(lambda: (text := ask("GET", "/metrics")[1]) and 'cause="refused"' in text and text, 10, "the operators to be told")
    assert 'newsapp_overload_step{cause="refused",step="spill"}' in figures
    workers = {name: paper.pid(name) for name in ("count", "work-desk", "work-slow")}
    wait_for(lambda: "waiting for Redis" in (paper.folder / "log" / "count.log").read_text(), 60, "the worker to wait")
    server.client().config_set("min-replicas-to-write", 0)
    books = wait_for(lambda: (found := ledger(paper)).get("counted", 0) >= before + 30 and found, 60, "the spill to be counted")
    assert (books["counted"], books["waiting"], books["balance"]) == (before + 30, 0, 0)
    assert read(path, 130) == 204
    wait_for(lambda: ledger(paper).get("counted") == before + 31, 30, "counting to go on")
    assert all(paper.pid(name) for name in workers)


def test_fifty_posts_whose_body_never_comes_delay_no_reader(paper: Home) -> None:
    path = a_story()
    hanging = []
    for address in ["/beacon", "/", path, "/desk", "/api/v1/most-viewed"] * 10:
        client = socket.create_connection(("127.0.0.1", PORT), timeout=5)
        client.sendall(f"POST {address} HTTP/1.1\r\nHost: localhost:{PORT}\r\nContent-Length: 100000\r\n\r\nsome".encode())
        hanging.append(client)
    try:
        times = []
        for _ in range(40):
            began = time.monotonic()
            assert ask("GET", path)[0] == 200
            times.append(time.monotonic() - began)
        assert read(path, 42) == 204
        assert statistics.median(times) < 0.25
        assert max(times) < 1.5
    finally:
        for client in hanging:
            client.close()


def test_a_body_is_refused_unread(paper: Home) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    with contextlib.closing(connection):
        connection.request("POST", "/beacon?a=1", body=b"x" * 10)
        assert connection.getresponse().status == 413


def test_a_strange_host_is_refused(paper: Home) -> None:
    assert ask("GET", "/", Host="elsewhere.example")[0] == 400


def test_metrics_tell_the_same_as_the_ledger(paper: Home) -> None:
    wait_for(lambda: ledger(paper).get("waiting") == 0, 20, "the inbox to be counted")
    books = {name: float(ledger(paper)[name]) for name in ("received", "counted", "balance")}

    def told() -> dict[str, float]:
        found = dict(re.findall(r"^newsapp_(?:events_)?(\w+?)(?:_total)?(?:\{\})? ([\d.e+-]+)$", ask("GET", "/metrics")[1], re.MULTILINE))
        return {name: float(found[name]) for name in books}

    wait_for(lambda: told() == books, 15, "the same figures, which are kept for some seconds")
