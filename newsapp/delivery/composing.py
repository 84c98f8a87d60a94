"""Pages as they are sent: segments and the blocks of the moment put together, once for each state of the blocks and encoding."""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b

from newsapp.delivery.blocks import Blocks, Rendered
from newsapp.delivery.cached_page import CachedPage, Composed
from newsapp.delivery.encodings import BY_NAME, LEAST_TO_COMPRESS
from newsapp.delivery.headers import Headers
from newsapp.delivery.memory import Memory

CACHE_CONTROL = "public, max-age=0, must-revalidate"  # browsers ask each time and get a 304


class Composer:
    """Puts pages together, and knows whether one that was still says what it should."""

    def __init__(self, memory: Memory, blocks: Blocks, beside: Iterable[tuple[str, str]] = ()) -> None:
        """`beside` are the headers that every page goes out with: an ETag stands for them too, since a 304 leaves them out."""
        self.memory, self.blocks = memory, blocks
        self.salt = blake2b(repr([*beside]).encode(), digest_size=blake2b.SALT_SIZE).digest()

    def is_fresh(self, composed: Composed, at: float) -> bool:
        return composed.generation == self.memory.generation and at < composed.valid_until

    def blocks_of(self, page: CachedPage, at: float) -> tuple[Rendered, ...]:
        return tuple(self.blocks.get(mark, at) for mark in page.marks)

    def freshened(self, page: CachedPage, old: Composed | None, at: float, encoding: str) -> Composed:
        """The page with its blocks of this moment; the old one again when none of them moved."""
        generation = self.memory.generation
        blocks = self.blocks_of(page, at)
        if old is not None and all(new is kept for new, kept in zip(blocks, old.blocks, strict=True)):
            old.generation, old.valid_until = generation, first_end(blocks)
            return old
        return self.compose(page, blocks, encoding, generation)

    def compose(self, page: CachedPage, blocks: tuple[Rendered, ...], encoding: str, generation: int) -> Composed:
        plain = whole(page, blocks)
        coded = BY_NAME[encoding] if encoding and len(plain) >= LEAST_TO_COMPRESS else None
        body = coded.quick(plain) if coded else plain
        etag = f'"{blake2b(plain, digest_size=12, salt=self.salt).hexdigest()}{coded.mark if coded else ""}"'
        headers = [
            ("Content-Type", page.kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", CACHE_CONTROL),
            ("ETag", etag),
            ("Vary", "Accept-Encoding"),
        ]
        if coded:
            headers.append(("Content-Encoding", coded.name))
        headers += [(name, said) for name, said in (("X-Robots-Tag", page.robots), ("Link", page.links)) if said]
        return Composed(blocks, generation, first_end(blocks), body, etag, headers)

    def text(self, page: CachedPage, at: float) -> bytes:
        """The page as it is now, for an answer that is not kept."""
        return whole(page, self.blocks_of(page, at)) if page.marks else page.segments[0]


def unchanged(composed: Composed) -> Headers:
    """The headers of a 304."""
    return [("ETag", composed.etag), ("Cache-Control", CACHE_CONTROL), ("Vary", "Accept-Encoding")]


def whole(page: CachedPage, blocks: tuple[Rendered, ...]) -> bytes:
    parts = [page.segments[0]]
    for block, segment in zip(blocks, page.segments[1:], strict=True):
        parts += (block.body, segment)
    return b"".join(parts)


def first_end(blocks: Iterable[Rendered]) -> float:
    return min((block.valid_until for block in blocks), default=math.inf)
