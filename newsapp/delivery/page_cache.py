"""Whole pages in the web process's memory, in front of Flask.

A page is kept as segments around its blocks. What goes out is composed from them once for each
state of the blocks and encoding, and that composed page answers until one of them moves. While a
page that many ask for is made anew in the background, it goes out as it was a moment ago.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

from newsapp.delivery.cached_page import UNCACHED, Address, Answer, CachedPage, Composed, Failure, split
from newsapp.delivery.cdn import Edge
from newsapp.delivery.composing import Composer, unchanged
from newsapp.delivery.encodings import BY_NAME, LEAST_TO_COMPRESS, chosen
from newsapp.delivery.headers import Environ, StartResponse, Wsgi
from newsapp.delivery.page import KEY, PageNote

RENEW = "newsapp.renew"  # where at_once() leaves the page that is to be made anew
MEANWHILE = 0.5  # seconds that a page goes out as it was, while it is made anew
STALE_WHILE_RENDERED = 5.0  # seconds a page may be over its time and still go to those who need not wait for the new one
STALE_IF_BROKEN = 24 * 3600.0  # and when the new one cannot be made
FAILURE_KEPT = 1.0  # seconds
DROPS_KEPT = 1000
UNTOLD = "no-cache"  # of an answer that says nothing of how long it holds: nobody may use it without asking


class PageCache:
    """Answers GET and HEAD from memory; what it lacks it asks of Flask, one thread for each address at a time."""

    def __init__(self, app: Wsgi, composer: Composer, clock: Callable[[], float], limit: int, edge: Edge | None = None) -> None:
        self.app, self.composer, self.clock, self.limit, self.edge = app, composer, clock, limit, edge
        self.pages: OrderedDict[Address, CachedPage] = OrderedDict()
        self.params: dict[str, tuple[str, ...]] = {}
        self.size = 0
        self.lock = threading.Lock()
        self.renders: dict[Address, threading.Lock] = {}
        self.drops = 0
        self.dropped: deque[tuple[int, frozenset[str] | None]] = deque(maxlen=DROPS_KEPT)  # what each drop named; None: everything
        self.failures: dict[str, Failure] = {}
        self.on_story: list[Callable[[int, str], None]] = []  # told of each story that is fetched, or asked for and still the same, and by what agent
        composer.memory.on_change.append(self.drop)
        composer.memory.on_gap.append(self.drop_all)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        at = self.clock()
        address = self.address(environ)
        page = self.pages.get(address)
        if page is None or page.is_over(at):
            answer = self.render_once(address, page, environ, start_response)
            if not isinstance(answer, CachedPage):
                return answer
            page = answer
        return self.tell(page, self.composed(page, at, chosen(environ.get("HTTP_ACCEPT_ENCODING", ""))), environ, start_response, at)

    def at_once(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Answer from what is composed already; None when there is anything to make. Never waits: an event loop asks.

        A page in demand goes out as it was a moment ago; the first time, it is left under RENEW for who calls.
        """
        at = self.clock()
        page = self.pages.get(self.address(environ))
        composed = page.composed.get(chosen(environ.get("HTTP_ACCEPT_ENCODING", ""))) if page else None
        if page is None or composed is None:
            return None
        if self.composer.is_fresh(composed, at) and not page.is_over(at):
            composed.sent = at
        elif at - composed.sent < MEANWHILE and at < page.note.ends:
            if not page.renewing:
                page.renewing, environ[RENEW] = True, page
        else:
            return None
        return self.tell(page, composed, environ, start_response, at)

    def fresh(self, path: str, encoding: str, agent: str) -> Composed | None:
        """What goes out to the agent that GETs a path without a query, if it is kept in that encoding and nothing of it moved."""
        at = self.clock()
        page = self.pages.get((path, ()))
        composed = page.composed.get(encoding) if page else None
        if page is None or composed is None or page.is_over(at) or not self.composer.is_fresh(composed, at):
            return None
        composed.sent, page.used = at, True
        self.note_fetch(page, agent)
        return composed

    def renew(self, environ: Environ) -> None:
        """Make the page anew that at_once() left. Nobody waits for it, and nobody is told."""
        old: CachedPage = environ[RENEW]
        try:
            at, address = self.clock(), self.address(environ)
            page = self.pages.get(address)
            found = self.render_once(address, page, environ, Answer()) if page is None or page.is_over(at) else page
            if isinstance(found, CachedPage):
                self.composed(found, at, chosen(environ.get("HTTP_ACCEPT_ENCODING", "")))
        finally:
            old.renewing = False

    def has(self, environ: Environ) -> bool:
        """Whether no render is needed: it is in its time, or somebody else renders it and it may go out meanwhile."""
        address = self.address(environ)
        page = self.pages.get(address)
        if page is None or page.changed:
            return False
        return self.clock() < page.note.valid_until or (address in self.renders and self.may_serve(page, STALE_WHILE_RENDERED))

    def address(self, environ: Environ) -> Address:
        """The path and its declared parameters. Others are ignored: they would make a page for each campaign."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING")
        declared = self.params.get(path) if query else None
        if not declared:
            return path, ()
        return path, tuple(sorted((name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name in declared))

    # Rendering

    def render_once(
        self, address: Address, stale: CachedPage | None, environ: Environ, start_response: StartResponse
    ) -> CachedPage | Iterable[bytes]:
        """Have Flask render, while other threads that ask for the same get what was there, or wait."""
        with self.lock:
            gate = self.renders.setdefault(address, threading.Lock())
        if not gate.acquire(blocking=not self.may_serve(stale, STALE_WHILE_RENDERED)):
            return stale  # type: ignore[return-value]  # acquire() fails only when there is something stale
        try:
            address = self.address(environ)  # the one before this one may have learned the path's parameters
            page = self.pages.get(address)
            if page is not None and page is not stale and not page.is_over(self.clock()):
                return page
            return self.render(stale, environ, start_response)
        finally:
            gate.release()
            with self.lock:
                self.renders.pop(address, None)

    def render(self, stale: CachedPage | None, environ: Environ, start_response: StartResponse) -> CachedPage | Iterable[bytes]:
        """Render and keep. When that fails, a page whose time is over is better than none."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        inner = {**environ, "REQUEST_METHOD": "GET", "HTTP_COOKIE": ""}
        drops, answer = self.drops, Answer()
        if failure := self.recent_failure(path):
            return (
                stale
                if stale and self.may_serve(stale, STALE_IF_BROKEN)
                else self.pass_through(failure.page, failure.answer, environ, start_response)
            )
        body = b"".join(self.app(inner, answer))
        note: PageNote | None = inner.get(KEY)
        kind = answer.header("Content-Type")
        segments, marks = split(body) if kind.startswith("text/html") else ([body], [])
        page = CachedPage(segments, marks, answer.status, kind, note or UNCACHED, answer.header("X-Robots-Tag"), answer.header("Link"))
        if answer.status.startswith("5"):
            self.failures[path] = Failure(self.clock() + FAILURE_KEPT, page, answer)
            if stale and self.may_serve(stale, STALE_IF_BROKEN):
                return stale
            return self.pass_through(page, answer, environ, start_response)
        if note is None or not answer.status.startswith("200") or answer.header("Set-Cookie"):
            self.forget_page(environ)
            return self.pass_through(page, answer, environ, start_response)
        self.params[path] = note.params
        with self.lock:
            if not self.were_dropped(note.depends, drops):  # else it changed while it was rendered: send it, do not keep it
                self.keep(self.address({"PATH_INFO": path, "QUERY_STRING": query}), page)
        return page

    def may_serve(self, page: CachedPage | None, seconds: float) -> bool:
        """Whether a page whose time is over may still go out, so long after it."""
        at = self.clock()
        return page is not None and not page.changed and at - page.note.valid_until < seconds and at < page.note.ends

    def were_dropped(self, names: frozenset[str], since: int) -> bool:
        """Whether any of these names was dropped after that many drops."""
        if self.drops - since > DROPS_KEPT:
            return True
        return any(number > since and (dropped is None or not dropped.isdisjoint(names)) for number, dropped in self.dropped)

    def recent_failure(self, path: str) -> Failure | None:
        """The error that this path gave a moment ago: threads must not queue up for a database that is down."""
        failure = self.failures.get(path)
        if failure and self.clock() < failure.until:
            return failure
        if len(self.failures) > 1000:
            self.failures.clear()
        self.failures.pop(path, None)
        return None

    def forget_page(self, environ: Environ) -> None:
        with self.lock:
            self.forget(self.address(environ))

    def pass_through(self, page: CachedPage, answer: Answer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Send what is not to be kept: errors, redirects, files, what people search for."""
        body = self.composer.text(page, self.clock())
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
        if not answer.header("Cache-Control"):
            headers.append(("Cache-Control", UNTOLD))
        if page.kind.startswith("text/") and len(body) >= LEAST_TO_COMPRESS and not (answer.header("ETag") or answer.header("Content-Range")):
            headers.append(("Vary", "Accept-Encoding"))
            if encoding := chosen(environ.get("HTTP_ACCEPT_ENCODING", "")):
                body = BY_NAME[encoding].quick(body)
                headers.append(("Content-Encoding", encoding))
        start_response(answer.status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def keep(self, address: Address, page: CachedPage) -> None:
        self.forget(address)
        self.pages[address] = page
        page.kept = True
        self.size += page.size
        self.make_room()
        if len(self.params) > 100_000:
            self.params = {known: page.note.params for (known, _), page in self.pages.items()}

    def make_room(self) -> None:
        """Forget the oldest pages that nobody has asked for since room was last made, then the oldest of all."""
        spared = len(self.pages)
        while self.size > self.limit and len(self.pages) > 1:
            address, page = next(iter(self.pages.items()))
            if page.used and spared:
                page.used, spared = False, spared - 1
                self.pages.move_to_end(address)
            else:
                self.forget(address)

    def forget(self, address: Address) -> None:
        page = self.pages.pop(address, None)
        if page:
            page.kept = False
            self.size -= page.size

    # Sending

    def composed(self, page: CachedPage, at: float, encoding: str) -> Composed:
        """The page as it is now in an encoding; of those who ask at once, one composes it."""
        composed = page.composed.get(encoding)
        if composed is not None and self.composer.is_fresh(composed, at):
            return composed
        with page.gate:
            composed = page.composed.get(encoding)
            if composed is not None and self.composer.is_fresh(composed, at):
                return composed
            fresh = self.composer.freshened(page, composed, at, encoding)
            if fresh is not composed:
                self.take(page, encoding, fresh)
            return fresh

    def take(self, page: CachedPage, encoding: str, fresh: Composed) -> None:
        """Keep a page as composed, in place of what it was with other blocks, in any encoding."""
        with self.lock:
            before = page.size
            page.composed = {name: old for name, old in page.composed.items() if old.blocks == fresh.blocks} | {encoding: fresh}
            if page.kept:
                self.size += page.size - before
                self.make_room()

    def tell(self, page: CachedPage, composed: Composed, environ: Environ, start_response: StartResponse, at: float) -> Iterable[bytes]:
        page.used = True
        if environ["REQUEST_METHOD"] == "GET":
            self.note_fetch(page, environ.get("HTTP_USER_AGENT", ""))
        if composed.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            headers = unchanged(composed)
            start_response("304 Not Modified", self.edge.headers(headers, page.note, composed.valid_until, at) if self.edge else headers)
            return []
        headers = composed.headers
        start_response(page.status, self.edge.headers(headers, page.note, composed.valid_until, at) if self.edge else headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [composed.body]

    def note_fetch(self, page: CachedPage, agent: str) -> None:
        if page.note.story:
            for listener in self.on_story:
                listener(page.note.story, agent)

    # Changes

    def drop(self, names: set[str]) -> None:
        """Let the pages that depend on a changed thing be made anew; one that nobody asks for right now is forgotten."""
        at = self.clock()
        with self.lock:
            self.drops += 1
            self.dropped.append((self.drops, frozenset(names)))
            for address in [address for address, page in self.pages.items() if not names.isdisjoint(page.note.depends)]:
                page = self.pages[address]
                page.changed = True
                if not any(at - composed.sent < MEANWHILE for composed in page.composed.values()):
                    self.forget(address)

    def drop_all(self) -> None:
        with self.lock:
            self.drops += 1
            self.dropped.append((self.drops, None))
            for address in list(self.pages):
                self.forget(address)
