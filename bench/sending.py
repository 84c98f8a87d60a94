"""Sending beacons as the pages of stories do, and watching the list that they move."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from bench.access_logs import Hit
from bench.truth import is_human
from newsapp.traffic.events import SLOT
from newsapp.traffic.tokens import token_query

CONNECTIONS = 16
PATIENCE = 5.0  # seconds for one answer
PROBE_PATIENCE = 10.0  # seconds after which a probe's view is given up
PROBE_EVERY, POLL_EVERY = 1.0, 0.02  # seconds
LISTED = 50  # stories that the API tells at most
SETTLED = 3.0  # seconds without a change after which all is taken to be counted
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Beacon(NamedTuple):
    """A page view to send: seconds after the first, the story, and the hit it comes from."""

    due: float
    story: int
    hit: Hit
    referrer: str


class Reply(NamedTuple):
    status: int  # 0: none
    body: bytes


def reader_address(text: str) -> str:
    """A log's address; of one that holds names instead, an address of the range for benchmarks."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        number = int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") % (1 << 17)
        return str(ipaddress.ip_address("198.18.0.0") + number)


def authority(host: str, port: int) -> str:
    """Host and port as a request names them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def header(text: str) -> str:
    """A header's value, without what would end it."""
    return "".join(character for character in text if character == "\t" or " " <= character != "\x7f")


def request_of(beacon: Beacon, host: str, secret: str, at: float) -> bytes:
    """The request that the story's page would send."""
    hit = beacon.hit
    lines = [
        f"POST /beacon?{token_query(secret, beacon.story, int(at))}&n=navigate&r={beacon.referrer}&w=0 HTTP/1.1",
        f"Host: {host}", f"Origin: http://{host}", "Sec-Fetch-Site: same-origin", "Accept: */*", "Content-Length: 0",
        f"X-Forwarded-For: {reader_address(hit.address)}",
    ]  # fmt: skip
    lines += [f"{name}: {header(value)}" for name, value in (("User-Agent", hit.agent), ("Accept-Language", hit.language)) if value]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Line:
    """One keep-alive connection. A request is never sent twice."""

    def __init__(self, host: str, port: int, patience: float = PATIENCE) -> None:
        self.host, self.port, self.patience = host, port, patience
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Reply:
        try:
            async with asyncio.timeout(self.patience):
                reader, writer = await self.opened()
                writer.write(request)
                return await self.answer(reader)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            self.close()
            return Reply(0, b"")

    async def opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self.reader, self.writer

    async def answer(self, reader: asyncio.StreamReader) -> Reply:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        body = await reader.readexactly(length)
        if b"connection: close" in lines:
            self.close()
        return Reply(int(lines[0].split()[1]), body)

    def close(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


@dataclass
class Tally:
    """What became of what was sent."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)  # why some were refused
    late: float = 0.0  # seconds that the latest beacon was behind its time
    seconds: float = 0.0
    humans: set[tuple[int, str, int]] = field(default_factory=set)  # (story, reader, slot) of those accepted

    def note(self, beacon: Beacon, reply: Reply, at: float) -> None:
        self.statuses[reply.status] += 1
        hit = beacon.hit
        if reply.status == 204 and is_human(hit.agent):
            self.humans.add((beacon.story, f"{hit.address}|{hit.agent}|{hit.language}", int(at) // SLOT))
        if 400 <= reply.status < 500:
            self.reasons[reply.body.decode("latin-1")[:40]] += 1

    @property
    def accepted(self) -> int:
        return self.statuses[204]

    @property
    def refused(self) -> int:
        return sum(times for status, times in self.statuses.items() if 400 <= status < 500)

    @property
    def unanswered(self) -> int:
        """No answer, or 503: nobody can say whether it is stored."""
        return self.sent - self.accepted - self.refused

    def views(self) -> Counter[int]:
        """What should count, by story: each human reader once in a slot."""
        return Counter(story for story, _, _ in self.humans)

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.accepted} accepted, {self.refused} refused, {self.unanswered} unanswered"


@dataclass
class Replay:
    """One replay of a plan against a site."""

    host: str
    port: int
    secret: str
    speed: float = 1.0
    rate: float = 0.0  # beacons a second, in place of the log's own spacing
    seconds: float = 600.0
    again: bool = False  # begin anew at the plan's end, until the seconds are over
    tally: Tally = field(default_factory=Tally)

    def schedule(self, beacons: list[Beacon]) -> Iterator[tuple[float, Beacon]]:
        """(seconds after the start, beacon), within the seconds given."""
        round_seconds = beacons[-1].due / self.speed + 1 / self.speed if beacons else 0.0
        number = 0
        while beacons:
            turn = number // len(beacons)
            beacon = beacons[number % len(beacons)]
            due = number / self.rate if self.rate else beacon.due / self.speed + turn * round_seconds
            if due > self.seconds or (turn and not self.again):
                return
            yield due, beacon
            number += 1

    async def run(self, beacons: list[Beacon]) -> Tally:
        queue: asyncio.Queue[Beacon | None] = asyncio.Queue(CONNECTIONS)
        senders = [asyncio.create_task(self.send_from(queue)) for _ in range(CONNECTIONS)]
        began = time.monotonic()
        for due, beacon in self.schedule(beacons):
            if (ahead := began + due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            if time.monotonic() - began > self.seconds:
                break
            self.tally.late = max(self.tally.late, -ahead)
            await queue.put(beacon)
        for _ in senders:
            await queue.put(None)
        await asyncio.gather(*senders)
        self.tally.seconds = time.monotonic() - began
        return self.tally

    async def send_from(self, queue: asyncio.Queue[Beacon | None]) -> None:
        line = Line(self.host, self.port)
        while beacon := await queue.get():
            at = time.time()
            self.tally.sent += 1
            self.tally.note(beacon, await line.ask(request_of(beacon, authority(self.host, self.port), self.secret, at)), at)
        line.close()


# ---- what the site shows


async def listed(line: Line, window: str) -> dict[int, int]:
    """Views by story, as the public API tells them. Exits when it does not."""
    path = f"/api/v1/most-viewed?window={window}&limit={LISTED}"
    reply = await line.ask(f"GET {path} HTTP/1.1\r\nHost: {authority(line.host, line.port)}\r\nUser-Agent: {AGENT}\r\n\r\n".encode())
    if reply.status != 200:
        sys.exit(f"replay: {path} answers {reply.status or 'nothing'}")
    return {item["id"]: item["views"] for item in json.loads(reply.body)["items"]}


async def settled(line: Line, patience: float = 60.0) -> dict[int, int]:
    """The list once it moves no more."""
    end = time.monotonic() + patience
    last, since = await listed(line, "all"), time.monotonic()
    while time.monotonic() < min(end, since + SETTLED):
        await asyncio.sleep(0.25)
        if (found := await listed(line, "all")) != last:
            last, since = found, time.monotonic()
    return last


@dataclass
class Probe:
    """Each second one view of a story that nobody else reads, and how long until the list shows it."""

    replay: Replay
    story: int
    sent: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)  # seconds each took

    async def run(self, stopping: asyncio.Event) -> None:
        line, watch = Line(self.replay.host, self.replay.port), Line(self.replay.host, self.replay.port)
        before = (await listed(watch, "all")).get(self.story, 0)
        sending = asyncio.create_task(self.send(line, stopping))
        while not sending.done() or (len(self.seen) < len(self.sent) and time.monotonic() < self.sent[-1] + PROBE_PATIENCE):
            shown = (await listed(watch, "all")).get(self.story, 0) - before
            self.seen += [time.monotonic() - at for at in self.sent[len(self.seen) : shown]]
            await asyncio.sleep(POLL_EVERY)

    async def send(self, line: Line, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            number = len(self.sent)  # each reader in a network of its own, or they would be a burst
            hit = Hit(time.time(), f"198.19.{number % 256}.{number // 256 % 250 + 1}", "GET", "/", 200, "", AGENT, "en")
            began = time.monotonic()
            request = request_of(Beacon(0, self.story, hit, "direct"), authority(line.host, line.port), self.replay.secret, time.time())
            if (await line.ask(request)).status == 204:
                self.sent.append(began)
            await asyncio.sleep(max(0.0, began + PROBE_EVERY - time.monotonic()))

    def figures(self) -> dict[str, Any]:
        """Seconds from view to list. A view that was not shown in time took at least the time that it was waited for."""
        times = sorted([*self.seen, *[PROBE_PATIENCE] * (len(self.sent) - len(self.seen))]) or [0.0]
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
        return {"probes": len(self.sent), "shown": len(self.seen), "median": statistics.median(times), "p99": p99}
