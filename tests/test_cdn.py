"""A CDN in front of the paper: what pages tell it, and that it hears of every change."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import pytest
import time_machine

from newsapp import changes
from newsapp.config import Config, ConfigError, load_config
from newsapp.database import db
from newsapp.delivery import cdn
from newsapp.delivery.cdn import HEARD, SERVICES
from tests.conftest import Valkey
from tests.reading import Reader, publish, reader_of
from workers import jobs

PORT = 8530
HERE = f"http://127.0.0.1:{PORT}"
CDNS = {"cloudflare": "cloudflare:zone1", "fastly": "fastly:service1", "varnish": f"varnish:{HERE},{HERE}/second"}


class Heard(NamedTuple):
    """A request that the CDN got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def names(self) -> list[str]:
        said = self.headers.get("surrogate-key") or self.headers.get("xkey-purge", "")
        return json.loads(self.body).get("tags", []) if self.body else said.split()


class Cdn(ThreadingHTTPServer):
    """Stands for any of the three, and may be out of order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", PORT), Hearing)
        self.heard: list[Heard] = []
        self.status = 200
        Thread(target=self.serve_forever, daemon=True).start()


class Hearing(BaseHTTPRequestHandler):
    server: Cdn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.heard.append(Heard(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"success": true}')

    do_PURGE = do_POST

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def edge() -> Iterator[Cdn]:
    server = Cdn()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=CDNS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(config: Config, kind: str, valkey: Valkey) -> Iterator[Reader]:
    api = {"CDN_API": ""} if kind == "varnish" else {"CDN_API": HERE}
    given = {"CDN": CDNS[kind], "CDN_TOKEN": "secret-token", "CDN_SECONDS": "300", **api}
    own = load_config({**{name: str(config[name]) for name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL", "LOG_LEVEL")}, **given})
    for reader in reader_of(own):
        publish("ferry", by=["Harbour Desk"], body="<p>It sails.</p>")
        reader.app.extensions["memory"].begin()
        yield reader


def edit(*names: str) -> None:
    """A save that touches these, and the job that tells of it."""
    changes.touch(*names)
    db.session.commit()
    jobs.tell()


def later(seconds: float = HEARD + 0.5) -> None:
    with time_machine.travel(time.time() + seconds, tick=True):
        jobs.purge()


def test_a_page_says_how_long_it_may_be_kept_and_by_which_names_it_goes(reader: Reader, kind: str) -> None:
    answer = reader.get("/world/ferry")
    said, _, seconds = answer.headers["Cache-Control"].rpartition("=")
    left = 3600 - time.time() % 3600  # with the hour the lists beside a story change
    assert said == "public, max-age=0, s-maxage"
    assert min(300, int(left)) <= int(seconds) <= 300
    names = set(answer.headers[SERVICES[kind].header].split(SERVICES[kind].between))
    assert {"article:1", "site", "settings"} <= names
    again = reader.get("/world/ferry", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers[SERVICES[kind].header] == answer.headers[SERVICES[kind].header]
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]


def test_no_page_is_kept_longer_than_it_is_good(reader: Reader) -> None:
    said = reader.get("/most-viewed/day").headers["Cache-Control"]
    assert int(said.rpartition("=")[2]) <= 2


@pytest.mark.parametrize("path", ["/nothing-here", "/search?q=ferry", "/world/ferry/", "/robots.txt?x=1"])
def test_what_is_no_kept_page_is_asked_for_each_time(reader: Reader, path: str) -> None:
    answer = reader.get(path)
    if "s-maxage" not in answer.headers["Cache-Control"]:
        assert answer.headers["Cache-Control"] == "no-cache"
    else:
        assert answer.status_code == 200


def test_an_edit_is_told_in_the_words_of_each(reader: Reader, kind: str, edge: Cdn) -> None:
    edit("article:1", "front", "redirect:/old/place")
    jobs.purge()
    assert not edge.heard  # the web processes may not have heard of it yet
    later()
    first = edge.heard[0]
    assert first.names == ["article:1", "front"]
    expected = {
        "cloudflare": ("POST", "/zone1/purge_cache", ("authorization", "Bearer secret-token")),
        "fastly": ("POST", "/service1/purge", ("fastly-key", "secret-token")),
        "varnish": ("PURGE", "/", ("authorization", "Bearer secret-token")),
    }[kind]
    assert (first.method, first.path, (expected[2][0], first.headers[expected[2][0]])) == expected
    assert [heard.path for heard in edge.heard] == ["/", "/second/"] if kind == "varnish" else [expected[1]]
    told = len(edge.heard)
    later()
    assert len(edge.heard) == told  # once


def test_many_edits_are_told_together(reader: Reader, kind: str, edge: Cdn) -> None:
    for n in range(20):
        edit(f"article:{n % 7 + 1}", "front")
    later()
    assert len(edge.heard) == (2 if kind == "varnish" else 1)
    assert edge.heard[0].names == [*(f"article:{n}" for n in range(1, 8)), "front"]


def test_what_it_did_not_take_is_told_again(reader: Reader, edge: Cdn) -> None:
    edge.status = 500
    edit("article:1")
    later()
    failed = len(edge.heard)
    assert failed >= 1
    later()
    assert len(edge.heard) == failed  # it rests
    edit("article:2")
    edge.status = 200
    reader.app.extensions["redis_jobs"].delete(cdn.RESTING)
    later()
    assert edge.heard[failed].names == ["article:1", "article:2"]


def test_one_that_is_not_there_holds_nothing_up(reader: Reader, capfd: pytest.CaptureFixture[str]) -> None:
    edit("article:1")
    began = time.monotonic()
    later()
    assert time.monotonic() - began < 4
    assert reader.app.extensions["redis_jobs"].zcard(changes.PURGE) == 1
    assert "secret-token" not in "".join(capfd.readouterr())


def test_names_touched_while_it_is_told_are_told_again(reader: Reader, edge: Cdn, monkeypatch: pytest.MonkeyPatch) -> None:
    edit("article:1")
    send = cdn.send

    def and_edit(request: cdn.Request) -> None:
        send(request)
        with time_machine.travel(time.time() + 30, tick=True):
            edit("article:1")

    monkeypatch.setattr(cdn, "send", and_edit)
    later()
    assert reader.app.extensions["redis_jobs"].zcard(changes.PURGE) == 1


def test_more_than_fit_are_told_in_parts_and_very_many_as_everything(reader: Reader, kind: str, edge: Cdn) -> None:
    edit(*(f"article:{n}" for n in range(1, 400)))
    later()
    assert {name for heard in edge.heard for name in heard.names} == {f"article:{n}" for n in range(1, 400)}
    assert all(len(heard.names) <= SERVICES[kind].most for heard in edge.heard)
    edge.heard.clear()
    edit(*(f"tag:{n}" for n in range(cdn.MANY)))
    later()
    everything = {"cloudflare": b'{"purge_everything": true}', "fastly": b"", "varnish": b""}[kind]
    assert edge.heard[0].body == everything
    assert edge.heard[0].names == (["newsapp"] if kind == "varnish" else [])
    assert len(edge.heard) == (2 if kind == "varnish" else 1)


def test_without_one_nothing_is_kept_for_it(config: Config, valkey: Valkey) -> None:
    for reader in reader_of(config):
        publish("ferry")
        edit("article:1")
        assert not valkey.client().exists(changes.PURGE)
        assert "s-maxage" not in reader.get("/world/ferry").headers["Cache-Control"]


@pytest.mark.parametrize("wrong", ["cloudflare", "akamai:1", "varnish:10.0.0.1", "fastly:", "cloudflare:zone 1"])
def test_a_cdn_is_written_in_a_form_that_can_be_used(wrong: str) -> None:
    with pytest.raises(ConfigError, match="CDN"):
        load_config({"CDN": wrong})
