"""What the page cache keeps: rendered pages, and what Flask said when it rendered them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from newsapp.delivery.blocks import BETWEEN, BLOCKS, CLOSE, OPEN, Rendered
from newsapp.delivery.headers import Headers
from newsapp.delivery.page import PageNote

OVERHEAD = 2000  # bytes that a page takes beside its text
Address = tuple[str, tuple[tuple[str, str], ...]]
MARK = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}".encode())


class Outward(NamedTuple):
    """All headers of a composed page, with it and with a 304, as long as the paper's rights are these."""

    rights: Headers
    whole: Headers
    unchanged: Headers


@dataclass(slots=True)
class Composed:
    """A page as sent, in one encoding, made from these blocks."""

    blocks: tuple[Rendered, ...]
    generation: int
    valid_until: float
    body: bytes
    etag: str
    headers: Headers
    sent: float = 0.0  # when it last went out as what it should be
    outward: Outward | None = None  # what the short way last sent it with


@dataclass(slots=True)
class CachedPage:
    """A rendered page: segments of bytes, with the mark of a block between each two."""

    segments: list[bytes]
    marks: list[str]
    status: str
    kind: str
    note: PageNote
    robots: str = ""  # what it tells search engines in a header
    links: str = ""  # and of what belongs to it
    kept: bool = False
    used: bool = False  # since room was last made
    changed: bool = False  # what it shows was changed: it may go out for a moment yet
    renewing: bool = False  # somebody makes it anew
    composed: dict[str, Composed] = field(default_factory=dict)
    gate: threading.Lock = field(default_factory=threading.Lock)  # of those who compose it

    @property
    def size(self) -> int:
        return OVERHEAD + sum(map(len, self.segments)) + sum(len(composed.body) for composed in tuple(self.composed.values()))

    def is_over(self, at: float) -> bool:
        """Whether it has to be rendered anew."""
        return self.changed or at >= self.note.valid_until


class Answer:
    """What an inner application said through start_response."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return lambda data: None

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error page, and what came with it, that stands for a path until a moment."""

    until: float
    page: CachedPage
    answer: Answer


UNCACHED = PageNote(frozenset(), 0.0, ())


def split(body: bytes) -> tuple[list[bytes], list[str]]:
    """A rendered page as segments and the marks between them; a mark of no block is dropped."""
    pieces = MARK.split(body)
    segments, marks = [pieces[0]], []
    for mark, segment in zip(pieces[1::2], pieces[2::2], strict=True):
        text = mark.decode()
        if text.split(BETWEEN)[0] in BLOCKS:
            marks.append(text)
            segments.append(segment)
        else:
            segments[-1] += segment
    return segments, marks
