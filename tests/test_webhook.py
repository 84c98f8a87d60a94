"""The webhook: a program is told, once, when a story comes into Most Viewed."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from newsapp.config import networks
from newsapp.database import db, now, writes
from newsapp.settings.store import change
from newsapp.traffic.outbound import NotAllowed, post
from newsapp.traffic.webhook import SIGNATURE, signature, tell_entries
from tests.newsroom import Newsroom

SECRET = "a long secret"


class Receiver:
    """A program that takes what it is sent, and answers as it is told to."""

    def __init__(self) -> None:
        self.status, self.got = 200, []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/hook?from=paper"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self) -> list[tuple[str, int]]:
        """Headlines and places that came since the last look."""
        said = [json.loads(body) for _, _, body in self.got]
        self.got.clear()
        return [(each["article"]["headline"], each["position"]) for each in said]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def paper(newsroom: Newsroom, receiver: Receiver) -> Newsroom:
    newsroom.app.config["WEBHOOK_ALLOW"] = networks("127.0.0.0/8")
    with writes():
        db.session.rollback()
        for name, value in (("webhook_address", receiver.address), ("webhook_secret", SECRET), ("webhook_places", 2)):
            change("site", name, value, "x")
        db.session.commit()
    newsroom.read("harbour-fire", readers=3)
    newsroom.read("court-ruling", readers=2)
    newsroom.count()
    return newsroom


def test_each_entry_is_told_once(paper: Newsroom, receiver: Receiver) -> None:
    assert tell_entries(now()) == 2
    assert receiver.told() == [("Harbour fire", 1), ("Court ruling", 2)]
    assert tell_entries(now()) == 0
    paper.read("night-ferry", readers=4)
    paper.count()
    assert tell_entries(now()) == 1
    assert receiver.told() == [("Night ferry", 1)]


def test_what_is_told_is_signed_and_says_all(paper: Newsroom, receiver: Receiver) -> None:
    tell_entries(now())
    path, headers, body = receiver.got[0]
    said = json.loads(body)
    assert path == "/hook?from=paper"
    assert headers[SIGNATURE] == signature(SECRET, body)
    assert headers["Content-Type"] == "application/json"
    assert (said["event"], said["window"], said["position"], said["views"]) == ("entered_most_viewed", "day", 1, 3)
    assert said["article"]["url"].endswith("/world/harbour-fire")
    assert said["article"]["section"] == "world"


@pytest.mark.parametrize("status", [500, 301, 404])
def test_what_is_not_taken_is_told_again(paper: Newsroom, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert tell_entries(now()) == 0
    assert len(receiver.got) == 1  # a redirect is not followed, and the rest waits too
    receiver.got.clear()
    receiver.status = 204
    assert tell_entries(now() + timedelta(seconds=30)) == 2


@pytest.mark.parametrize(("minutes", "times"), [(30, 0), (90, 1)])
def test_coming_back_is_told_after_an_hour(paper: Newsroom, receiver: Receiver, minutes: int, times: int) -> None:
    tell_entries(now())
    paper.read("night-ferry", readers=5)
    paper.read("treaty-signed", readers=5)
    paper.count()
    left = now() + timedelta(seconds=30)
    assert tell_entries(left) == 2  # the two others have left
    paper.read("court-ruling", readers=9)
    paper.count()
    receiver.got.clear()
    assert tell_entries(left + timedelta(minutes=minutes)) == times + (1 if minutes > 60 else 0)
    assert ("Court ruling", 1) in receiver.told() or times == 0


@pytest.mark.parametrize("address", [
    "http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest",
    "http://[::ffff:127.0.0.1]:9/", "http://0.0.0.0:9/", "http://100.64.0.1/", "http://[fd00::1]/", "http://224.0.0.1/", "ftp://example.com/", "file:///etc/passwd",
])  # fmt: skip
def test_nothing_is_sent_into_our_own_networks(address: str) -> None:
    with pytest.raises(NotAllowed):
        post(address, b"{}", {}, ())


def test_without_an_address_nothing_is_done(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire")
    newsroom.count()
    assert tell_entries(now()) == 0
