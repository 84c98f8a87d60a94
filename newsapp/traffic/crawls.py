"""Crawls: which stories crawlers fetch, and of what class they are.

A crawler runs no script, so the request itself is the event. Request threads only note it in memory;
once a second the background thread sends what was gathered. What waits when a process dies was never
received, and is in no books.
"""

from __future__ import annotations

from collections import deque
from itertools import cycle, islice

import redis
from redis.exceptions import BusyLoadingError, ResponseError

from newsapp.ops.metrics import CRAWLS_LOST
from newsapp.traffic.bots import classify
from newsapp.traffic.events import BY_AGENT, SIGNALS, pack_crawl
from newsapp.traffic.inbox import FIELD, Inbox

MOST = 50_000  # that wait in one process while Redis is away: about 4 MB
TOGETHER = 64  # in one entry


class Crawls:
    """One web process's."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.keys = cycle(inbox.keys[SIGNALS])
        self.waiting: deque[bytes] = deque()

    def note(self, article: int, agent: str) -> None:
        """Remember that a story went out, if it was to a crawler. Never waits, never fails."""
        kind = classify(agent)
        if not kind:
            return
        if len(self.waiting) < MOST:
            self.waiting.append(pack_crawl(article, BY_AGENT[kind].code))
        else:
            CRAWLS_LOST.inc()

    def tell(self, connection: redis.Redis) -> None:
        """Once a second, in the background: send what waits, unless the inbox takes nothing now. Raises RedisError.

        What Redis certainly refused waits on. What it did not answer is not sent again: it could be in twice.
        """
        while self.waiting and not self.inbox.why():
            part = list(islice(self.waiting, TOGETHER))
            try:
                connection.xadd(next(self.keys), {FIELD: b"".join(part)})
            except (ResponseError, BusyLoadingError):
                return
            except redis.RedisError:
                CRAWLS_LOST.inc(len(part))
                self.drop(len(part))
                raise
            self.drop(len(part))

    def drop(self, number: int) -> None:
        """Forget the first that wait. Only the background thread takes any away."""
        for _ in range(number):
            self.waiting.popleft()
