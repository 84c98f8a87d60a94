"""What granian serves for the benches besides the product's own entry: the same with another way to store, or none; and bare callables."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import app
from newsapp.redis import for_beacons
from newsapp.traffic.inbox import FIELD, Inbox, Outcome


def __getattr__(name: str) -> Any:
    if name not in VARIANTS:
        raise AttributeError(name)
    return VARIANTS[name]()


def site_wsgi() -> Any:
    """The site as any WSGI server would serve it."""
    return app.site.site


def wsgi_site_unwritten() -> Any:
    site = app.site.site
    site.beacon.ladder.store = lambda offer: True
    return site


def wsgi_site_redis_py() -> Any:
    site = app.site.site
    add = xadd(site.beacon)
    site.beacon.ladder.store = lambda offer: add(offer.stream, offer.number, offer.packed)
    return site


def xadd(beacon: Any) -> Callable[[str, int, bytes], bool]:
    """Stores an event with redis-py's XADD."""
    inbox: Inbox = beacon.inbox
    client = for_beacons(beacon.memory.app.config)
    return lambda stream, number, packed: bool(client.xadd(inbox.keys[stream][number % inbox.shards], {FIELD: packed}))


class InPlaceOfGroups:
    """Stores each event alone, before anything else is done."""

    def __init__(self, listener: Any, add: Callable[[str, int, bytes], bool]) -> None:
        self.listener, self.store = listener, add
        self.__rsgi__ = listener.__rsgi__

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.listener.__rsgi_init__(loop)
        self.loop, self.listener.groups = loop, self

    def add(self, stream: str, number: int, packed: bytes) -> asyncio.Future[Outcome]:
        told: asyncio.Future[Outcome] = self.loop.create_future()
        told.set_result(Outcome.STORED if self.store(stream, number, packed) else Outcome.UNKNOWN)
        return told


def site_unwritten() -> Any:
    """The site, which says that it has stored an event and has not."""
    return InPlaceOfGroups(app.site, lambda stream, number, packed: True)


def site_redis_py() -> Any:
    """The site, which stores an event with redis-py's XADD."""
    site = app.site
    return InPlaceOfGroups(site, xadd(site.beacon))


def site_rendering() -> Any:
    """The site, which notes in the home what each process renders."""
    site = app.site
    cache, notes = site.site.cache, (Path(os.environ["NEWSAPP_HOME"]) / f"renders-{os.getpid()}").open("a", buffering=1)
    flask = cache.app

    def noted(environ: dict[str, Any], start_response: Any) -> Any:
        notes.write(f"{environ['PATH_INFO']}\n")
        return flask(environ, start_response)

    cache.app = noted
    return site


class Bare:
    """A kept answer and nothing else: what granian itself costs."""

    def __init__(self) -> None:
        self.headers, self.body = read_answer()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        protocol.response_bytes(200, self.headers, self.body)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", self.headers)
        return [self.body]


def read_answer() -> tuple[list[tuple[str, str]], bytes]:
    """The answer that bench/pages.py has left in the home."""
    folder = Path(os.environ["NEWSAPP_HOME"])
    return [(name, value) for name, value in json.loads((folder / "headers").read_text())], (folder / "body").read_bytes()


VARIANTS = {
    "bare": Bare,
    "rendering": site_rendering,
    "wsgi": site_wsgi,
    "unwritten": site_unwritten,
    "redis_py": site_redis_py,
    "wsgi_unwritten": wsgi_site_unwritten,
    "wsgi_redis_py": wsgi_site_redis_py,
}
