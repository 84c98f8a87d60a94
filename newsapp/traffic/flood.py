"""Limits at the door: buckets for each address, and for each address and article.

Wide on purpose: they keep one address from taking the server's time. What one network may have of the
list is judged exactly where views are counted (judging.py), and thousands share a carrier's address.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import blake2b

ADDRESSES = (200.0, 6000.0)  # refilled a second, most at once
ARTICLES = (50.0, 3000.0)  # of one address for one article
MOST_BUCKETS = 50_000


@dataclass
class Buckets:
    """Token buckets of one size. Forgets the fullest when there are too many."""

    rate: float
    most: float
    levels: dict[bytes, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: bytes, at: float) -> bool:
        """Take one; False when the bucket is empty."""
        level, since = self.levels.get(key, (self.most, at))
        level = self.refilled(level, since, at)
        if level < 1:
            return False
        if len(self.levels) >= MOST_BUCKETS and key not in self.levels:
            self.forget(at)
        self.levels[key] = level - 1, at
        return True

    def forget(self, at: float) -> None:
        """Drop those that are full again by now; all of them when that is not enough."""
        kept = self.levels.copy().items()
        self.levels = {key: (level, since) for key, (level, since) in kept if self.refilled(level, since, at) < self.most}
        if len(self.levels) >= MOST_BUCKETS:
            self.levels = {}

    def refilled(self, level: float, since: float, at: float) -> float:
        """A level after some time; a clock may be set back."""
        return min(self.most, level + max(0.0, at - since) * self.rate)


class Flood:
    """Both buckets. Addresses are kept as keyed hashes, and the key is this process's own."""

    def __init__(self) -> None:
        self.key = os.urandom(16)
        self.addresses = Buckets(*ADDRESSES)
        self.articles = Buckets(*ARTICLES)

    def allows(self, address: str, article: int, at: float) -> bool:
        hashed = blake2b(address.encode(), key=self.key, digest_size=8).digest()
        return self.addresses.take(hashed, at) and self.articles.take(hashed + article.to_bytes(4, "little"), at)
