"""Safe by construction: headers on every answer, flags on every cookie, limits on what takes time, and no secret in a log."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from http.cookies import SimpleCookie
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from structlog.stdlib import ProcessorFormatter
from werkzeug.test import Client, TestResponse

from newsapp.config import Config, load_config
from newsapp.delivery.headers import CONTENT_SECURITY_POLICY, HEADERS
from newsapp.desk import listener
from newsapp.desk.listener import Refused, received
from newsapp.run.parts import desk as desk_command
from newsapp.search import asking
from tests.conftest import Valkey, make_app, wait_for
from tests.desk import Desk, desk_of
from tests.home import ROOT
from tests.reading import Reader, publish, reader_of

PORT = 8532
HTTPS = {"SITE_URL": "https://news.example", "DESK_URL": "https://desk.example"}
SECRET = {"SECRET_KEY": "the-key-that-signs", "TOTP_SECRET": "the-key-of-codes", "CDN_TOKEN": "the-token-of-the-cdn", "CDN": "fastly:one"}
SECRET |= {"SMTP_URL": "smtp://paper:the-mail-password@127.0.0.1:1"}


@pytest.fixture
def secured(config: Config) -> Config:
    given = {name: str(config[name]) for name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL")}
    return load_config({**given, "LOG_LEVEL": "DEBUG", **HTTPS, **SECRET})


@pytest.fixture
def reader(config: Config) -> Iterator[Reader]:
    for reader in reader_of(config):
        publish("ferry", body="<p>It sails.</p>")
        reader.app.extensions["memory"].begin()
        yield reader


@pytest.fixture
def desk(secured: Config) -> Iterator[Desk]:
    yield from desk_of(secured)


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """(method, address) of every route, for every method that it takes and one that it does not."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int[^>]*:[^>]+>", "2026", re.sub(r"<[^>:]+>", "x", re.sub(r"<path:[^>]+>", "x.webp", rule.rule)))
        for method in sorted((rule.methods or set()) | {"DELETE"}):
            yield method, path


def assert_guarded(answer: TestResponse, what: str) -> None:
    """Every header of the table is there, once."""
    for name, value in HEADERS:
        assert answer.headers.getlist(name) == [value], f"{what}: {answer.status}: {name}: {answer.headers.getlist(name)}"


def test_the_policy_lets_nothing_inline_run() -> None:
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


MORE = [
    ("GET", "/nothing-here", {}), ("GET", "/static/x/css/tokens.css", {}), ("GET", "/static/x/none", {}), ("GET", "/desk", {}), ("GET", "/ops", {}),
    ("POST", "/", {"data": b"a body"}), ("POST", "/", {}), ("GET", "/", {"base_url": "http://elsewhere.example"}), ("POST", "/api/v1/views", {}),
    ("GET", "/world/ferry", {"headers": {"If-None-Match": "*"}}), ("HEAD", "/world/ferry", {}), ("GET", "/media/none.webp", {}),
    ("GET", "/%ff%fe", {}), ("GET", "//", {}), ("GET", "/world/ferry", {"headers": {"Range": "bytes=0-1"}}),
]  # fmt: skip


def test_each_answer_of_the_site_is_guarded_and_sets_no_cookie(reader: Reader) -> None:
    client = Client(reader.app.extensions["entry"])
    statuses = set()
    for method, path, options in [*((method, path, {}) for method, path in addresses(reader.app)), *MORE]:
        answer = client.open(path, method=method, **{"base_url": reader.address, **options})
        assert_guarded(answer, f"{method} {path}")
        assert "Set-Cookie" not in answer.headers, path
        statuses.add(answer.status_code)
    assert {200, 302, 400, 404, 405, 413} <= statuses


def test_a_page_that_breaks_is_guarded(reader: Reader, desk: Desk) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    reader.app.view_functions["news.front_page"] = breaks
    broken = reader.get("/")
    desk.app.view_functions["desk.start"] = breaks
    desk.app.config["PROPAGATE_EXCEPTIONS"] = False
    desk.sign_in()
    for answer in (broken, Client(desk.app.extensions["entry"]).get("/desk/sign-in"), at_the_door(desk, "GET", "/desk/start")):
        assert_guarded(answer, "broken")
    assert broken.status_code == 500
    assert at_the_door(desk, "GET", "/desk/start").status_code == 500
    assert "ZeroDivision" not in broken.text


def at_the_door(desk: Desk, method: str, path: str, **options: Any) -> TestResponse:
    """What the desk's own entry answers, headers and all, to the browser of a test."""
    client = Client(desk.app.extensions["entry"])
    client._cookies = desk.browser._cookies
    return client.open(path, method=method, base_url="https://localhost", **options)


def test_each_answer_of_the_desk_is_guarded_and_none_is_kept_between(desk: Desk) -> None:
    for role in ("", "admin"):
        if role:
            desk.sign_in(role)
        for method, path in addresses(desk.app):
            if path == "/desk/sign-out":
                continue
            answer = at_the_door(desk, method, path)
            assert_guarded(answer, f"{method} {path}")
            assert answer.headers["Strict-Transport-Security"]
            if path.startswith("/desk") and answer.status_code != 405:
                said = answer.headers["Cache-Control"]
                assert "private" in said or "no-store" in said or "no-cache" in said, path


def test_every_cookie_has_its_flags(desk: Desk) -> None:
    answers = [desk.sign_in("admin")]
    answers += [at_the_door(desk, method, path) for method, path in addresses(desk.app) if method != "DELETE"]
    answers.append(desk.send("/desk/sign-in", "/desk/sign-in", email="nobody@newsapp.example", password="no"))
    cookies = [line for answer in answers for line in answer.headers.getlist("Set-Cookie")]
    assert {next(iter(SimpleCookie(line))) for line in cookies} >= {"desk", "staff"}
    for line in cookies:
        name, flags = next(iter(SimpleCookie(line).items()))
        assert flags["httponly"], line
        assert flags["samesite"] == "Lax", line
        assert flags["secure"] or flags["max-age"] == "0", line
        assert flags["path"] == ("/" if name == "staff" else "/desk"), line


def test_no_secret_is_in_a_log(desk: Desk) -> None:
    log = StringIO()
    for handler in [handler for handler in logging.root.handlers if isinstance(handler.formatter, ProcessorFormatter)]:
        handler.setStream(log)  # type: ignore[attr-defined]
    password = desk.password("admin")
    desk.sign_in("admin", f"{password}-mistyped")
    desk.sign_in("admin")
    desk.app.view_functions["account.show"] = lambda: abort(int("five hundred"))
    desk.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert desk.open("/desk/account").status_code == 500
    at_the_door(desk, "POST", "/desk/people/test-letter", data={"csrf_token": desk.token("/desk/people")})
    said = log.getvalue()
    assert "five hundred" in said  # something was logged
    for secret in ("the-key-that-signs", "the-key-of-codes", "the-token-of-the-cdn", "the-mail-password", password, "$argon2"):
        assert secret not in said, secret


def test_who_searches_all_the_time_is_asked_to_wait(reader: Reader) -> None:
    statuses = [reader.get(f"/search?q=word{n}").status_code for n in range(int(asking.SEARCHES[1]) + 3)]
    assert statuses[: int(asking.SEARCHES[1])] == [200] * int(asking.SEARCHES[1])
    assert statuses[-1] == 429
    told = reader.get("/search?q=ferry")
    assert told.headers["Retry-After"] == str(asking.WAIT)
    assert "<h1" in told.text
    assert reader.get("/").status_code == 200
    assert reader.get("/search/suggestions?q=fer").status_code == 200


def test_pictures_come_at_the_pace_of_a_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sign_in()
    token = desk.token("/desk/pictures/")
    statuses = [desk.browser.post("/desk/pictures/", data={"csrf_token": token}).status_code for _ in range(62)]
    assert statuses[0] == 422
    assert statuses[-1] == 429


# Bodies that come slowly, or not at all


class Sending:
    """A body as granian's protocol gives it: chunks, each after a pause."""

    def __init__(self, *chunks: bytes, pause: float = 0.0, hangs: bool = False) -> None:
        self.chunks, self.pause, self.hangs = chunks, pause, hangs

    async def __aiter__(self) -> Any:
        for chunk in self.chunks:
            await asyncio.sleep(self.pause)
            yield chunk
        if self.hangs:
            await asyncio.sleep(60)


def taken(sending: Sending, **headers: str) -> bytes:
    return asyncio.run(received(sending, headers)).read()


def test_a_body_is_taken_whole() -> None:
    assert taken(Sending(b"one", b"two"), CONTENT_LENGTH="6") == b"onetwo"
    assert taken(Sending(b"one", b"two"), HTTP_TRANSFER_ENCODING="chunked") == b"onetwo"
    assert taken(Sending(b"never asked for")) == b""
    large = os.urandom(300_000)
    assert taken(Sending(large), CONTENT_LENGTH="300000") == large


@pytest.mark.parametrize(
    ("sending", "headers", "status"),
    [
        (Sending(b"a", hangs=True), {"CONTENT_LENGTH": "2"}, "408"),
        (Sending(*[b"a"] * 50, pause=0.03), {"CONTENT_LENGTH": "50"}, "408"),
        (Sending(b"a"), {"CONTENT_LENGTH": str(5 << 20)}, "413"),
        (Sending(*[b"a" * (1 << 20)] * 5), {"HTTP_TRANSFER_ENCODING": "chunked"}, "413"),
        (Sending(*[b"a" * (1 << 20)] * 18), {"HTTP_TRANSFER_ENCODING": "chunked", "HTTP_COOKIE": "desk=1"}, "413"),
        (Sending(b"a"), {"CONTENT_LENGTH": "-1"}, "400"),
    ],
)
def test_a_body_that_is_too_slow_or_too_large_is_refused(
    sending: Sending, headers: dict[str, str], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "QUIET", 0.2)
    monkeypatch.setattr(listener, "LEAST", 0.5)
    with pytest.raises(Refused, match=status):
        taken(sending, **headers)


@pytest.fixture
def served(tmp_path: Path, valkey: Valkey) -> Iterator[int]:
    """A desk with two threads, as it is served."""
    given = {"NEWSAPP_HOME": str(tmp_path), "DESK_PORT": str(PORT), "PORT": str(PORT + 1), "REDIS_URL": valkey.url, "DESK_THREADS": "2"}
    config = load_config({**given, "LOG_LEVEL": "CRITICAL"})
    make_app(config, "desk")
    process = subprocess.Popen(desk_command(config), cwd=ROOT, env={**os.environ, **given, "LOG_LEVEL": "CRITICAL", "PYTHONPATH": str(ROOT)})
    try:
        wait_for(lambda: asked("GET", "/livez").startswith(b"HTTP/1.1 200"), 60, "the desk to answer")
        yield PORT
    finally:
        process.terminate()
        process.wait(20)


def begun(method: str, path: str, body: bytes = b"", length: int = 0) -> socket.socket:
    talk = socket.create_connection(("127.0.0.1", PORT), timeout=20)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{PORT}\r\nConnection: close\r\nContent-Length: {length}\r\n"
    talk.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + body)
    return talk


def asked(method: str, path: str, body: bytes = b"", length: int = 0) -> bytes:
    answer = BytesIO()
    try:
        with begun(method, path, body, length or len(body)) as talk:
            while more := talk.recv(65536):
                answer.write(more)
    except ConnectionRefusedError:
        return b""
    return answer.getvalue()


def test_forms_that_never_end_hold_up_nobody(served: int) -> None:
    hanging = [begun("POST", "/desk/sign-in", b"email=a", 1000) for _ in range(20)]
    assert asked("GET", "/desk/sign-in").startswith(b"HTTP/1.1 200")
    assert asked("POST", "/desk/sign-in", b"email=a&password=b").startswith(b"HTTP/1.1 400")  # no token
    assert asked("POST", "/desk/sign-in", b"x", 5 << 20).startswith(b"HTTP/1.1 413")
    assert b"content-security-policy" in asked("POST", "/desk/sign-in", b"x", 5 << 20).lower()
    hanging[0].sendall(b"a" * 993)  # one that ends after all
    assert hanging[0].recv(12) == b"HTTP/1.1 400"
    for talk in hanging:
        talk.close()
    assert asked("GET", "/livez").startswith(b"HTTP/1.1 200")
