"""The readers' WSGI entry: refuses what no page needs, then beacon, static files, pages."""

from __future__ import annotations

import time
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from newsapp.config import Config
from newsapp.delivery.headers import Environ, StartResponse, Wsgi
from newsapp.delivery.memory import Memory
from newsapp.ops.metrics import REQUEST_SECONDS

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ANY_HOST = ("/livez", "/readyz", "/metrics")  # asked by address, by balancers and Prometheus


def our_hosts(config: Config) -> frozenset[str]:
    """The Host headers that are ours: the public address, and loopback with our port."""
    return frozenset([urlsplit(config["SITE_URL"]).netloc.lower(), *(f"{name}:{config['PORT']}" for name in LOOPBACK)])


class Site:
    """What granian calls for each request of a reader."""

    def __init__(self, config: Config, memory: Memory, beacon: Wsgi, assets: Wsgi, pages: Wsgi, states: Wsgi) -> None:
        self.hosts = our_hosts(config)
        self.desk_url: str = config["DESK_URL"]
        self.memory, self.beacon, self.assets, self.pages, self.states = memory, beacon, assets, pages, states
        self.timed = {name: REQUEST_SECONDS.labels(name) for name in ("beacon", "static", "page")}

    def start(self) -> None:
        """Begin to keep the memory; once in each web process."""
        self.memory.start()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        path = environ["PATH_INFO"]
        if refusal := self.refusal(environ, path):
            return refuse(refusal, start_response)
        name, app = self.route(path)
        answer = app(environ, start_response)
        self.timed[name].observe(time.perf_counter() - began)
        return answer

    def refusal(self, environ: Environ, path: str) -> str:
        """Why a request is not for us; empty when it is. A body is never read: one that never comes would hold a thread."""
        if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or environ.get("HTTP_TRANSFER_ENCODING"):
            return "413 Content Too Large"
        if environ.get("HTTP_HOST", "").lower() not in self.hosts and path not in ANY_HOST:
            return "400 Bad Request"
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") and path != "/beacon":
            return "405 Method Not Allowed"
        return ""

    def to_the_desk(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The desk has a listener of its own; where a proxy routes by path, this is never asked."""
        path = environ["PATH_INFO"]
        path = "/" if path in ("/desk", "/desk/") else path
        start_response("302 Found", [("Location", self.desk_url + quote(path)), ("Content-Length", "0")])
        return []

    def route(self, path: str) -> tuple[str, Wsgi]:
        if path in ("/desk", "/ops") or path.startswith(("/desk/", "/ops/")):
            return "page", self.to_the_desk
        if path.startswith("/beacon") and path in ("/beacon", "/beacon.gif"):
            return "beacon", self.beacon
        if path.startswith("/static/"):
            return "static", self.assets
        if path in ANY_HOST:
            return "page", self.states
        return "page", self.pages


def refuse(status: str, start_response: StartResponse) -> Iterable[bytes]:
    body = f"{status[4:]}\n".encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Connection", "close")])
    return [body]
