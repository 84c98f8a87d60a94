"""A proxy in front of a running paper that keeps what browsers asked and what their beacons said, and may stand in for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from select import select
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

OWN_OF_A_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "server", "date")


@dataclass(frozen=True)
class Asked:
    """A request: `at` in monotonic seconds, `query` as it stands in the address, `headers` in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)


class Gate(ThreadingHTTPServer):
    """Passes on to the site at `site_port`, except for its own `pages` and `scripts` and for beacons that it refuses."""

    daemon_threads = True

    def __init__(self, port: int, site_port: int) -> None:
        super().__init__(("127.0.0.1", port), Passing)
        self.site_port = site_port
        self.asked: list[Asked] = []
        self.pages: dict[str, str] = {}
        self.scripts: dict[str, str] = {}
        self.refusals: list[dict[str, str]] = []  # headers of the 503s that the next beacons are answered
        self.distance = 0.0  # seconds that an answer takes to a beacon
        self.answered: list[tuple[Asked, int]] = []  # beacons, and the site's status that the browser was still there for

    def open(self) -> Gate:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def fetched(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == "GET" and asked.path == path]

    def beacons(self, article: str, kind: str = "") -> list[Asked]:
        """What was posted for an article; of one kind, a pageview's being unsaid."""
        posted = [asked for asked in self.asked if asked.path == "/beacon" and asked.query["a"] == article]
        return [asked for asked in posted if asked.query.get("k", "pageview") == (kind or asked.query.get("k", "pageview"))]


class Passing(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    server: Gate

    def do_GET(self) -> None:
        path = self.note().path
        if path in self.server.pages:
            return self.reply(200, {"Content-Type": "text/html", "Cache-Control": "no-store"}, self.server.pages[path].encode())
        if path in self.server.scripts:
            return self.reply(200, {"Content-Type": "text/javascript", "Cache-Control": "no-store"}, self.server.scripts[path].encode())
        self.pass_on()

    def do_POST(self) -> None:
        asked = self.note()
        time.sleep(self.server.distance)
        if self.server.refusals:
            return self.reply(503, self.server.refusals.pop(0))
        gone = select([self.connection], [], [], 0)[0]  # readable before it has an answer: hung up
        status = self.pass_on()
        if not gone:
            self.server.answered.append((asked, status))

    def note(self) -> Asked:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers)
        self.server.asked.append(asked)
        return asked

    def pass_on(self) -> int:
        site = HTTPConnection("127.0.0.1", self.server.site_port, timeout=10)
        site.request(self.command, self.path, headers=dict(self.headers))
        answer = site.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in OWN_OF_A_CONNECTION}
        self.reply(answer.status, kept, answer.read())
        site.close()
        return answer.status

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204 and "content-length" not in map(str.lower, headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the test asks for what it wants to know."""
