"""The crowd of the torture: each reader has an address and an article of its own, and notes what it was told."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter

from newsapp.traffic.tokens import token_query

RATE = 500  # readers a second at most
PAIRED = 10  # every tenth reader sends the same beacon twice
HOUR = 3600
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Readers:
    """What readers send to a site on this port, and what they were told, by article."""

    def __init__(self, port: int, secret: str, calm: threading.Event) -> None:
        self.port, self.secret, self.calm = port, secret, calm  # they go when all is calm
        self.accepted, self.unanswered, self.statuses = Counter[int](), Counter[int](), Counter[str]()
        self.when: dict[int, float] = {}  # the last that were accepted of each article
        self.pairs: dict[int, tuple[float, float]] = {}  # when both beacons of a reader were sent and answered
        self.numbers = itertools.count(1)
        self.began = time.monotonic()

    def read(self, last: int) -> None:
        """One reader after another, each with an address and an article of its own."""
        connection: http.client.HTTPConnection | None = None
        while not self.calm.is_set() and (number := next(self.numbers)) <= last:
            time.sleep(max(0.0, self.began + number / RATE - time.monotonic()))
            began = time.time()
            for _ in range(2 if number % PAIRED == 0 else 1):
                connection = self.send(connection, number)
            if number % PAIRED == 0:
                self.pairs[number] = began, time.time()

    def send(self, connection: http.client.HTTPConnection | None, number: int) -> http.client.HTTPConnection | None:
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        query = token_query(self.secret, number, int(time.time()) - HOUR)  # good for a clock that is behind, too
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
            connection.request("POST", f"/beacon?{query}&n=navigate", headers={"X-Forwarded-For": address, "User-Agent": AGENT})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            self.note(number, type(error).__name__)
            time.sleep(0.02)
            return None
        self.note(number, str(response.status))
        return connection

    def note(self, number: int, status: str) -> None:
        self.statuses[status] += 1
        if status == "204":
            self.when[number] = time.monotonic()
        (self.accepted if status == "204" else self.unanswered)[number] += 1
