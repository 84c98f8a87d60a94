"""Whole pages in the web process's memory, in front of Flask.

A page is kept as segments around its blocks. What goes out is composed from them once for each
state of the blocks and encoding, and that composed page answers until one of them moves.
"""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import blake2b
from urllib.parse import parse_qsl

from newsapp.delivery.blocks import Blocks, Rendered
from newsapp.delivery.cached_page import UNCACHED, Address, Answer, CachedPage, Composed, Failure, split
from newsapp.delivery.headers import Environ, StartResponse, Wsgi
from newsapp.delivery.memory import Memory
from newsapp.delivery.page import KEY, PageNote

CACHE_CONTROL = "public, max-age=0, must-revalidate"  # browsers ask each time and get a 304
LEAST_TO_COMPRESS = 500
STALE_WHILE_RENDERED = 5.0  # seconds a page may be over its time and still go to those who need not wait for the new one
STALE_IF_BROKEN = 24 * 3600.0  # and when the new one cannot be made
FAILURE_KEPT = 1.0  # seconds


class PageCache:
    """Answers GET and HEAD from memory; what it lacks it asks of Flask, one thread for each address at a time."""

    def __init__(self, app: Wsgi, memory: Memory, blocks: Blocks, clock: Callable[[], float], limit: int) -> None:
        self.app, self.memory, self.blocks, self.clock, self.limit = app, memory, blocks, clock, limit
        self.pages: OrderedDict[Address, CachedPage] = OrderedDict()
        self.params: dict[str, tuple[str, ...]] = {}
        self.size = 0
        self.lock = threading.Lock()
        self.renders: dict[Address, threading.Lock] = {}
        self.drops = 0
        self.failures: dict[str, Failure] = {}
        self.on_story: list[Callable[[int, Environ], None]] = []  # told of each story that goes out, or is still the same
        memory.on_change.append(self.drop)
        memory.on_gap.append(self.drop_all)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        at = self.clock()
        address = self.address(environ)
        page = self.pages.get(address)
        if page is None or at >= page.note.valid_until:
            answer = self.render_once(address, page, environ, start_response)
            if not isinstance(answer, CachedPage):
                return answer
            page = answer
        return self.send(page, environ, start_response, at)

    def at_once(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Answer from what is composed already; None when there is anything to make. Never waits: an event loop asks."""
        at = self.clock()
        page = self.pages.get(self.address(environ))
        if page is None or at >= page.note.valid_until:
            return None
        composed = page.composed.get(encoding_of(environ))
        if composed is None or not self.is_fresh(composed, at):
            return None
        return self.tell(page, composed, environ, start_response)

    def has(self, environ: Environ) -> bool:
        """Whether no render is needed: it is in its time, or somebody else renders it and it may go out meanwhile."""
        address = self.address(environ)
        page = self.pages.get(address)
        if page is None:
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
            if page is not None and page is not stale and self.clock() < page.note.valid_until:
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
            if drops == self.drops:  # else something changed while it was rendered: send it, do not keep it
                self.keep(self.address({"PATH_INFO": path, "QUERY_STRING": query}), page)
        return page

    def may_serve(self, page: CachedPage | None, seconds: float) -> bool:
        """Whether a page whose time is over may still go out, so long after it."""
        return page is not None and self.clock() - page.note.valid_until < seconds and self.clock() < page.note.ends

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
        """Send what is not to be kept: errors, redirects, files."""
        body = self.compose(page, self.clock(), "").body if page.marks else page.segments[0]
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
        start_response(answer.status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def keep(self, address: Address, page: CachedPage) -> None:
        self.forget(address)
        self.pages[address] = page
        page.kept = True
        self.size += page.size
        while self.size > self.limit and len(self.pages) > 1:
            self.forget(next(iter(self.pages)))
        if len(self.params) > 100_000:
            self.params = {known: page.note.params for (known, _), page in self.pages.items()}

    def forget(self, address: Address) -> None:
        page = self.pages.pop(address, None)
        if page:
            page.kept = False
            self.size -= page.size

    # Sending

    def send(self, page: CachedPage, environ: Environ, start_response: StartResponse, at: float) -> Iterable[bytes]:
        encoding = encoding_of(environ)
        composed = page.composed.get(encoding)
        if composed is None or not self.is_fresh(composed, at):
            composed = self.freshen(page, composed, at, encoding)
        return self.tell(page, composed, environ, start_response)

    def is_fresh(self, composed: Composed, at: float) -> bool:
        return composed.generation == self.memory.generation and at < composed.valid_until

    def tell(self, page: CachedPage, composed: Composed, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if page.note.story:
            for listener in self.on_story:
                listener(page.note.story, environ)
        if composed.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", [("ETag", composed.etag), ("Cache-Control", CACHE_CONTROL), ("Vary", "Accept-Encoding")])
            return []
        start_response(page.status, composed.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [composed.body]

    def freshen(self, page: CachedPage, old: Composed | None, at: float, encoding: str) -> Composed:
        """The page with its blocks of this moment; the old one again when none of them moved."""
        generation = self.memory.generation
        blocks = tuple(self.blocks.get(mark, at) for mark in page.marks)
        if old is not None and all(new is kept for new, kept in zip(blocks, old.blocks, strict=True)):
            old.generation, old.valid_until = generation, min((block.valid_until for block in blocks), default=float("inf"))
            return old
        fresh = self.compose(page, at, encoding, blocks, generation)
        with self.lock:
            replaced = page.composed.get(encoding)
            if page.kept:
                self.size += len(fresh.body) - (len(replaced.body) if replaced else 0)
            page.composed[encoding] = fresh
        return fresh

    def compose(self, page: CachedPage, at: float, encoding: str, blocks: tuple[Rendered, ...] | None = None, generation: int = -1) -> Composed:
        blocks = blocks if blocks is not None else tuple(self.blocks.get(mark, at) for mark in page.marks)
        parts = [page.segments[0]]
        for block, segment in zip(blocks, page.segments[1:], strict=True):
            parts += (block.body, segment)
        plain = b"".join(parts)
        compressed = encoding == "gzip" and len(plain) >= LEAST_TO_COMPRESS
        body = gzip.compress(plain, 6, mtime=0) if compressed else plain
        etag = f'"{blake2b(plain, digest_size=12).hexdigest()}{"g" if compressed else ""}"'
        headers = [
            ("Content-Type", page.kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", CACHE_CONTROL),
            ("ETag", etag),
            ("Vary", "Accept-Encoding"),
        ]
        if compressed:
            headers.append(("Content-Encoding", "gzip"))
        headers += [(name, said) for name, said in (("X-Robots-Tag", page.robots), ("Link", page.links)) if said]
        valid_until = min((block.valid_until for block in blocks), default=float("inf"))
        return Composed(blocks, generation, valid_until, body, etag, headers)

    # Changes

    def drop(self, names: set[str]) -> None:
        """Forget the pages that depend on a changed thing."""
        with self.lock:
            self.drops += 1
            for address in [address for address, page in self.pages.items() if not names.isdisjoint(page.note.depends)]:
                self.forget(address)

    def drop_all(self) -> None:
        with self.lock:
            self.drops += 1
            for address in list(self.pages):
                self.forget(address)


def encoding_of(environ: Environ) -> str:
    return "gzip" if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "") else ""
