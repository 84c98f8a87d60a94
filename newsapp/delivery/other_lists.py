"""Lists that no worker keeps: made when somebody asks, and kept for a minute, here and in Redis.

What can be asked for has no end in practice (every tag, in every window, …), so both places are of a
fixed size: the least used goes here, and in Redis a list has one of a few slots by its name.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import OrderedDict
from typing import Any
from zlib import crc32

import redis
from flask import Flask

from newsapp.copies import decode
from newsapp.delivery.memory import Memory
from newsapp.delivery.shelf import copy_named

KEPT = 60.0  # seconds
MOST = 200  # lists in a process, of about 30 KB each
SLOTS = 256  # in Redis
PATIENCE = 1.0  # seconds that a reader waits for another's list to be made


class Busy(Exception):
    """Other lists are being made, and there is none to give meanwhile."""


class OtherLists:
    """Lists by name, each at most a minute old. One is made at a time: the database has others to serve."""

    def __init__(self, app: Flask, memory: Memory) -> None:
        self.app, self.memory = app, memory
        self.kept: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()
        self.lock = threading.Lock()
        self.making = threading.Lock()

    def read(self, name: str) -> dict[str, Any]:
        """The list of that name. Raises Busy when it is not here and others take their time."""
        kept = self.kept.get(name)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        if not self.making.acquire(timeout=0 if kept else PATIENCE):
            if kept:
                return kept[1]
            raise Busy(name)
        try:
            return self.fresh(name)
        finally:
            self.making.release()

    def fresh(self, name: str) -> dict[str, Any]:
        """From this process if another thread was first, else from Redis or SQL."""
        kept = self.kept.get(name)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        value, seconds = self.from_redis(name) or (self.from_sql(name), KEPT)
        with self.lock:
            self.kept[name] = time.monotonic() + seconds, value
            self.kept.move_to_end(name)
            while len(self.kept) > MOST:
                self.kept.popitem(last=False)
        return value

    def from_redis(self, name: str) -> tuple[dict[str, Any], float] | None:
        """The list as another process made it, and for how many seconds it is good."""
        if self.memory.silent:
            return None
        with contextlib.suppress(redis.RedisError):
            pipeline = self.memory.connection.pipeline(transaction=False)
            pipeline.get(slot(name))
            pipeline.pttl(slot(name))
            raw, left = pipeline.execute()
            found = decode(raw)
            if found and found["name"] == name and left > 0:
                return found["list"], left / 1000
        return None

    def from_sql(self, name: str) -> dict[str, Any]:
        with self.app.app_context():
            value = copy_named(name).build()
        if not self.memory.silent:
            with contextlib.suppress(redis.RedisError):
                self.memory.connection.set(slot(name), json.dumps({"name": name, "list": value}), px=int(KEPT * 1000))
        return value


def slot(name: str) -> str:
    """Where in Redis a list lies until another of the same slot is asked for."""
    return f"news:asked:{crc32(name.encode()) % SLOTS}"
