"""The readers' WSGI entry: refuses what no page needs, then beacon, static files, pages. listener.py serves it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsapp.config import Config
from newsapp.delivery.headers import Environ, StartResponse, Wsgi, table, with_headers
from newsapp.delivery.memory import Memory
from newsapp.delivery.short_way import ShortWay
from newsapp.ops.metrics import REQUEST_SECONDS, Gathered
from newsapp.rights.telling import Telling
from newsapp.traffic.bots import classify
from newsapp.traffic.keys import PREFIX

if TYPE_CHECKING:
    from newsapp.delivery.assets import Assets
    from newsapp.delivery.page_cache import PageCache
    from newsapp.traffic.beacon import Beacon

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
KEYED = "/api/v1/views"  # what the desk's listener answers, since the site reads no body
KEY = f"Bearer {PREFIX}"
REFUSALS = TOO_LARGE, NOT_OURS, NOT_ALLOWED = "413 Content Too Large", "400 Bad Request", "405 Method Not Allowed"
ANY_HOST = ("/livez", "/readyz", "/metrics")  # asked by address, by balancers and Prometheus


def our_hosts(config: Config) -> frozenset[str]:
    """The Host headers that are ours: the public address, and loopback with our port."""
    return frozenset([urlsplit(config["SITE_URL"]).netloc.lower(), *(f"{name}:{config['PORT']}" for name in LOOPBACK)])


class Site:
    """What answers each request of a reader. Kept pages are those that memory has whole; None is the answer to all else."""

    def __init__(self, config: Config, memory: Memory, beacon: Beacon, assets: Assets, cache: PageCache, flask: Wsgi) -> None:
        self.hosts, url, embedded = our_hosts(config), config["SITE_URL"], config["EMBED_ORIGINS"]
        self.desk_url: str = config["DESK_URL"]
        self.memory, self.beacon, self.cache = memory, beacon, cache
        self.assets, self.kept_assets = with_headers(assets.serve, url), with_headers(assets.serve_at_once, url)
        rights = Telling(memory, url)
        self.short_way = ShortWay(self.hosts, cache, table(url, embedded), rights)
        self.pages, self.kept_pages, self.states = (
            with_headers(cache, url, rights, embedded),
            with_headers(cache.at_once, url, rights, embedded),
            with_headers(flask, url),
        )
        self.desk, self.keyed = with_headers(self.to_the_desk, url), with_headers(self.to_the_keyed_api, url)
        self.refused = {status: with_headers(partial(refuse, status), url) for status in REFUSALS}
        self.timed = {name: Gathered(REQUEST_SECONDS.labels(name)) for name in ("beacon", "static", "page")}
        memory.always += [times.tell for times in self.timed.values()]

    def start(self) -> None:
        """Read the lists of bots, and begin to keep the memory; once in each web process, before it serves."""
        classify("")
        self.memory.start()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        name, app = self.route(environ)
        answer = app(environ, start_response)
        self.observe(name, time.perf_counter() - began)
        return answer

    def observe(self, name: str, seconds: float) -> None:
        if name:
            self.timed[name].observe(seconds)

    def route(self, environ: Environ) -> tuple[str, Wsgi]:
        """Who answers a request, and as what it is timed; refusals are not."""
        path = environ["PATH_INFO"]
        if path == KEYED:
            return "", self.keyed
        if refusal := self.refusal(environ, path):
            return "", self.refused[refusal]
        if path.startswith("/beacon") and path in ("/beacon", "/beacon.gif"):
            return "beacon", self.beacon
        if path.startswith("/static/"):
            return "static", self.assets
        if path in ("/desk", "/ops") or path.startswith(("/desk/", "/ops/")):
            return "page", self.desk
        return "page", self.states if path in ANY_HOST else self.pages

    def refusal(self, environ: Environ, path: str) -> str:
        """Why a request is not for us; empty when it is. A body is never read: one that never comes would hold a thread."""
        if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or environ.get("HTTP_TRANSFER_ENCODING"):
            return TOO_LARGE
        if environ.get("HTTP_HOST", "").lower() not in self.hosts and path not in ANY_HOST:
            return NOT_OURS
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") and path != "/beacon":
            return NOT_ALLOWED
        return ""

    def to_the_desk(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The desk has a listener of its own; where a proxy routes by path, this is never asked."""
        path = environ["PATH_INFO"]
        path = "/" if path in ("/desk", "/desk/") else path
        start_response("302 Found", [("Location", self.desk_url + quote(path)), ("Content-Length", "0")])
        return []

    def to_the_keyed_api(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Says where it is. No redirect: a client would send the key along, or leave it out, as it likes."""
        if environ["REQUEST_METHOD"] != "POST":
            return refuse("405 Method Not Allowed", environ, start_response, allow="POST")
        has_key = environ.get("HTTP_AUTHORIZATION", "").startswith(KEY)
        words = f"send this to {self.desk_url}{KEYED}, with a key: the readers' site takes no body"
        body = json.dumps({"error": words}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
        if has_key:
            start_response("421 Misdirected Request", headers)
        else:
            start_response("401 Unauthorized", [*headers, ("WWW-Authenticate", 'Bearer realm="views"')])
        return [body]


def refuse(status: str, environ: Environ, start_response: StartResponse, allow: str = "GET, HEAD") -> Iterable[bytes]:
    body = f"{status[4:]}\n".encode()
    allowed = [("Allow", allow)] if status.startswith("405") else []
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Connection", "close"), *allowed])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
