"""Page tokens: proof that a beacon comes from a page of ours, of one article and hour."""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import blake2b

HOUR = 3600
GOOD_FOR = 26  # hours: a page left open overnight still counts


@lru_cache(maxsize=16384)
def token(key: bytes, article: int, hour: int) -> str:
    """16 hex digits for an article and an hour (hours since 1970)."""
    return blake2b(b"%d|%d" % (article, hour), key=key, digest_size=8, person=b"beacon").hexdigest()


def key_of(secret: str) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=b"beacon-key").digest()


def token_query(secret: str, article: int, at: int) -> str:
    """The query string of an article's beacon at a moment (seconds since 1970)."""
    hour = at // HOUR
    return f"a={article}&h={hour}&t={token(key_of(secret), article, hour)}"


def is_ours(keys: tuple[bytes, ...], article: int, hour: int, given: str, at: int) -> bool:
    """Whether one of our keys made the token and its hour is neither ahead nor too old."""
    if not 0 <= at // HOUR - hour <= GOOD_FOR:
        return False
    return any(hmac.compare_digest(token(key, article, hour).encode(), given.encode()) for key in keys)
