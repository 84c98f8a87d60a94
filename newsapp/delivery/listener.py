"""The readers' listener, on granian's RSGI interface: one event loop, and a few threads for what has to be made.

The loop answers what memory answers: refusals, kept pages, static files. Beacons wait in it for
their group. All else is asked of the WSGI entry in a thread, and a kept page that is to be composed
anew in another, so that neither a slow render nor a slow Redis holds up who needs neither.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from newsapp.delivery.cached_page import Answer
from newsapp.delivery.entry import Site
from newsapp.delivery.headers import Environ, MaybeWsgi, Told, Wsgi
from newsapp.delivery.page_cache import RENEW, PageCache
from newsapp.delivery.requests import environ_of, whole_environ_of
from newsapp.traffic.groups import Groups

log = structlog.get_logger()


class Listener:
    """What granian calls for each request of a reader."""

    def __init__(self, site: Site, threads: int) -> None:
        self.site, self.beacon = site, site.beacon
        self.making = ThreadPoolExecutor(threads, "make")
        self.freshening = ThreadPoolExecutor(1, "freshen")  # never held up by what a database makes slow

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.groups = Groups(self.beacon.inbox, loop)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        began = time.perf_counter()
        if told := self.site.short_way.answer(scope):
            protocol.response_bytes(*told)
            self.site.observe("page", time.perf_counter() - began)
            return
        environ = environ_of(scope)
        name, app = self.site.route(environ)
        if app is self.beacon:
            protocol.response_bytes(*await self.beacon.answer(environ, self.groups))
        else:
            protocol.response_bytes(*self.at_once(app, environ) or await self.in_a_thread(app, scope, environ))
            if RENEW in environ:
                self.renew(scope, environ)
        self.site.observe(name, time.perf_counter() - began)

    def at_once(self, app: Wsgi, environ: Environ) -> Told | None:
        """The answer, if no more than memory is needed for it."""
        if app is self.site.pages:
            return ask(self.site.kept_pages, environ)
        if app is self.site.assets:
            return ask(self.site.kept_assets, environ)
        return None if app is self.site.states else ask(app, environ)

    async def in_a_thread(self, app: Wsgi, scope: Any, environ: Environ) -> Told:
        threads = self.freshening if app is self.site.pages and self.site.cache.has(environ) else self.making
        told = await self.loop.run_in_executor(threads, ask, app, whole_environ_of(scope, environ))
        assert told  # an application answers
        return told

    def renew(self, scope: Any, environ: Environ) -> None:
        """Have a page made anew that has just gone out as it was."""
        cache = self.site.cache
        (self.freshening if cache.has(environ) else self.making).submit(renew, cache, whole_environ_of(scope, environ))


def renew(cache: PageCache, environ: Environ) -> None:
    try:
        cache.renew(environ)
    except Exception:
        log.exception("page not renewed", path=environ["PATH_INFO"])


def ask(app: MaybeWsgi, environ: Environ) -> Told | None:
    """What an application answers; None when it does not."""
    answer = Answer()
    parts = app(environ, answer)
    if parts is None:
        return None
    try:
        body = b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()
    return int(answer.status[:3]), answer.headers, body
