"""Readers as their browsers act: a page is asked for again when its connection broke, a beacon once more when a 503 asks for that."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.access_logs import Hit
from bench.readers import AGENTS
from bench.sending import Beacon, Line, Reply, authority, header, reader_address, request_of
from newsapp.traffic.answers import RETRY_AFTER

CONNECTIONS = 16
PATIENCE = 20.0  # seconds that a reader waits for an answer
RESTS = (0, 1)  # seconds until a page is asked for again: at once by the browser, and then by its reader
FRESH = 10  # one reader in so many opens what was published last
FRONT = 5  # and one in so many comes by the front page
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
MADE_UP = 20_000  # hits of a crowd that no log tells of


def made_up_hits(seed: int) -> list[Hit]:
    """A crowd for who has no log at hand: few stories have most readers, and one of twenty is a crawler."""
    chance = random.Random(seed)
    agents = [*AGENTS * 6, CRAWLER]
    paths = [f"/{n}" for n in range(200)]
    read = chance.choices(paths, [1 / (n + 1) for n in range(200)], k=MADE_UP)
    addresses = (f"198.{18 + n % 2}.{n // 2 % 250}.{chance.randint(1, 250)}" for n in itertools.count())
    return [Hit(float(n), next(addresses), "GET", path, 200, "", chance.choice(agents), "en") for n, path in enumerate(read)]


def page_request(path: str, hit: Hit, host: str) -> bytes:
    """A page as this reader's browser asks for it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept-Encoding: gzip", f"X-Forwarded-For: {reader_address(hit.address)}"]
    lines += [f"{name}: {header(value)}" for name, value in (("User-Agent", hit.agent), ("Accept-Language", hit.language)) if value]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass
class Told:
    """What readers were told. A status of 0: the connection broke, or nothing came in time."""

    pages: Counter[int] = field(default_factory=Counter)  # in the end, after the last try
    beacons: Counter[int] = field(default_factory=Counter)  # each that was sent
    broken: list[float] = field(default_factory=list)  # when a connection broke under a page or a beacon
    silent: int = 0  # times that nothing came within PATIENCE
    slowest: float = 0.0  # seconds
    saved: int = 0  # pages that came at a later try
    given_up: int = 0  # beacons to which 503 was said twice
    accepted: Counter[int] = field(default_factory=Counter)  # by story, as all that follow
    unanswered: Counter[int] = field(default_factory=Counter)  # nobody can say whether they are stored

    def page_errors(self) -> int:
        return sum(times for status, times in self.pages.items() if status == 0 or status >= 500)

    def beacon_errors(self) -> int:
        """5xx that are no invitation to come again, and those who came again in vain."""
        return self.given_up + sum(times for status, times in self.beacons.items() if status >= 500 and status != 503)


@dataclass
class Browsers:
    """Readers of a site at a steady rate: each opens a page and tells that it was on screen."""

    host: str
    port: int
    secret: str
    paths: dict[int, str]  # of the stories, to which an editor may add
    told: Told = field(default_factory=Told)

    async def run(self, beacons: list[Beacon], rate: float, is_over: Callable[[], bool]) -> None:
        queue: asyncio.Queue[Beacon | None] = asyncio.Queue(CONNECTIONS)
        readers = [asyncio.create_task(self.read_from(queue)) for _ in range(CONNECTIONS)]
        due = time.monotonic()
        for beacon in self.picked(beacons):
            if is_over():
                break
            await asyncio.sleep(due - time.monotonic())
            await queue.put(beacon)
            due = max(due + 1 / rate, time.monotonic() - 1)  # what could not be sent in time is not made up for by a rush
        for _ in readers:
            await queue.put(None)
        await asyncio.gather(*readers)

    def picked(self, beacons: list[Beacon]) -> Iterator[Beacon]:
        """The log's views over and over, some of them of the newest story instead."""
        for number, beacon in enumerate(itertools.cycle(beacons)):
            yield beacon if number % FRESH else beacon._replace(story=max(self.paths))

    async def read_from(self, queue: asyncio.Queue[Beacon | None]) -> None:
        line, number = Line(self.host, self.port, PATIENCE), 0
        while beacon := await queue.get():
            number += 1
            if number % FRONT == 0:
                await self.open("/", beacon.hit, line)
            await self.open(self.paths[beacon.story], beacon.hit, line)
            await self.tell(beacon, line)
        line.close()

    async def open(self, path: str, hit: Hit, line: Line) -> None:
        request = page_request(path, hit, authority(self.host, self.port))
        reply = await self.ask(request, line)
        for rest in RESTS:
            if reply.status:
                break
            await asyncio.sleep(rest)
            reply = await self.ask(request, line)
            self.told.saved += bool(reply.status)
        self.told.pages[reply.status] += 1

    async def tell(self, beacon: Beacon, line: Line) -> None:
        if await self.send(beacon, line, "") == 503:
            await asyncio.sleep(RETRY_AFTER)
            self.told.given_up += await self.send(beacon, line, f"&d={RETRY_AFTER}") == 503

    async def send(self, beacon: Beacon, line: Line, more: str) -> int:
        request = request_of(beacon, authority(self.host, self.port), self.secret, time.time()).replace(b" HTTP/1.1", more.encode() + b" HTTP/1.1", 1)
        status = (await self.ask(request, line)).status
        self.told.beacons[status] += 1
        self.told.accepted[beacon.story] += status == 204
        self.told.unanswered[beacon.story] += status == 0 or status >= 500
        return status

    async def ask(self, request: bytes, line: Line) -> Reply:
        began = time.monotonic()
        reply = await line.ask(request)
        took = time.monotonic() - began
        self.told.slowest = max(self.told.slowest, took)
        if not reply.status:
            if took < PATIENCE:
                self.told.broken.append(time.time())
            else:
                self.told.silent += 1
        return reply
