"""ENCODINGS: how answers are compressed, best first, and which of them a client takes."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import brotli
import zstandard

LEAST_TO_COMPRESS = 500  # bytes; less does not pay
SMALL = 64 << 10  # files that may be compressed as well as can be: for more it would take too long


@dataclass(frozen=True)
class Encoding:
    """One content coding. `quick` is for pages, which change; `thorough` for files, which do not."""

    name: str
    mark: str  # in the ETag of an answer that is encoded so
    quick: Callable[[bytes], bytes]
    thorough: Callable[[bytes], bytes]


def brotli_of(quality: int) -> Callable[[bytes], bytes]:
    return lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=quality, lgwin=20)


def zstd_of(level: int) -> Callable[[bytes], bytes]:
    own = threading.local()  # a compressor is not for two threads at once

    def compress(body: bytes) -> bytes:
        if not hasattr(own, "compressor"):
            own.compressor = zstandard.ZstdCompressor(level=level)
        packed: bytes = own.compressor.compress(body)
        return packed

    return compress


def gzip_of(level: int) -> Callable[[bytes], bytes]:
    return lambda body: gzip.compress(body, level, mtime=0)


def by_size(small: Callable[[bytes], bytes], large: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda body: (small if len(body) <= SMALL else large)(body)


ENCODINGS = (
    Encoding("br", "b", brotli_of(5), by_size(brotli_of(11), brotli_of(9))),
    Encoding("zstd", "z", zstd_of(9), by_size(zstd_of(19), zstd_of(12))),
    Encoding("gzip", "g", gzip_of(6), gzip_of(9)),
)
BY_NAME = {encoding.name: encoding for encoding in ENCODINGS}


@lru_cache(maxsize=512)
def chosen(accept: str) -> str:
    """The encoding for an Accept-Encoding header: what the client likes best, of equals the first of the table. Empty: as it is."""
    liked = weights(accept)
    if not liked:
        return ""
    others = liked.get("*", 0.0)
    name = max(BY_NAME, key=lambda name: liked.get(name, others))
    weight = liked.get(name, others)
    return name if weight > 0 and weight >= liked.get("identity", 0.0) else ""


def weights(accept: str) -> dict[str, float]:
    """How much each coding is liked, from 0 (not at all) to 1; what cannot be read is left out."""
    liked: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        if not name:
            continue
        said = next((word[2:].strip() for word in parameters if word.startswith("q=")), "1")
        try:
            weight = float(said)
        except ValueError:
            continue
        if 0 <= weight <= 1:
            liked["gzip" if name == "x-gzip" else name] = weight
    return liked
