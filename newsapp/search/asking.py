"""How often may be searched: searching is the one thing readers ask for that no memory answers."""

from __future__ import annotations

import os
import time
from hashlib import blake2b

from flask import Flask, abort, current_app

from newsapp.delivery.headers import Environ
from newsapp.traffic.flood import Buckets
from newsapp.traffic.visitors import client_address, subscriber_of

SEARCHES = (0.5, 30.0)  # of one address: refilled a second, most at once
SUGGESTIONS = (5.0, 100.0)  # one for each letter that is typed
WAIT = 10  # seconds that one who asks too often is told to wait


class Patience:
    """Buckets for each address, kept as keyed hashes whose key is this process's own."""

    def __init__(self) -> None:
        self.key = os.urandom(16)
        self.searches, self.suggestions = Buckets(*SEARCHES), Buckets(*SUGGESTIONS)

    def take(self, buckets: Buckets, address: str) -> bool:
        hashed = blake2b(subscriber_of(address).encode(), key=self.key, digest_size=8).digest()
        return buckets.take(hashed, time.monotonic())


def init_asking(app: Flask) -> None:
    app.extensions["patience"] = Patience()


def ask(environ: Environ, suggestions: bool = False) -> None:
    """Go on, or answer 429 to who searches all the time."""
    patience: Patience | None = current_app.extensions.get("patience")
    if patience is None:  # a preview at the desk: who looks there is signed in
        return
    address = client_address(environ, current_app.config["TRUSTED_PROXIES"])
    if not patience.take(patience.suggestions if suggestions else patience.searches, address):
        abort(429)
