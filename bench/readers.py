"""Readers who send beacons as fast as they are answered: by wrk where it is installed, else by a loop of our own."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from newsapp.traffic.tokens import token_query

CONNECTIONS = 32
READERS = 20_000  # addresses: so many that no bucket of the door runs dry
ARTICLES = 500
SEPARATOR = b"\1"
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
)
REQUEST = """\
POST /beacon?{query}&n=navigate&r=direct&w=0 HTTP/1.1
Host: {host}
X-Forwarded-For: {address}
User-Agent: {agent}
Accept: */*
Accept-Language: en-GB,en;q=0.9
Accept-Encoding: gzip, deflate, br, zstd
Origin: http://{host}
Referer: http://{host}/world/harbour-fire
Sec-Fetch-Dest: empty
Sec-Fetch-Mode: cors
Sec-Fetch-Site: same-origin
Content-Length: 0

"""


class Answers(NamedTuple):
    """What readers were told. `refused` is all that was not 204."""

    answers: int
    refused: int
    seconds: float
    p99: float


def requests(secret: str, host: str) -> list[bytes]:
    """A beacon of each reader."""
    at = int(time.time())
    queries = [token_query(secret, article, at) for article in range(1, ARTICLES + 1)]
    return [request(n, queries[n % ARTICLES], host) for n in range(READERS)]


def request(n: int, query: str, host: str) -> bytes:
    address = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
    return REQUEST.format(query=query, host=host, address=address, agent=AGENTS[n % len(AGENTS)]).replace("\n", "\r\n").encode()


def load(port: int, beacons: list[bytes], folder: Path, seconds: int) -> Answers:
    """Let readers send their beacons to a port."""
    if not shutil.which("wrk"):
        return asyncio.run(load_by_loop(port, beacons, seconds))
    path = folder / "requests"
    path.write_bytes(SEPARATOR.join(beacons))
    script = str(Path(__file__).with_suffix("").with_name("beacon.lua"))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}", "--", str(path)]
    return Answers(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]))


@dataclass
class Reader(asyncio.Protocol):
    """One connection, which sends the next beacon once the last is answered."""

    beacons: Iterator[bytes]
    end: float
    times: list[float] = field(default_factory=list)
    refused: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.send()

    def send(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(next(self.beacons))

    def data_received(self, data: bytes) -> None:
        self.times.append(time.perf_counter() - self.began)
        self.refused += data[9:12] != b"204"
        self.send() if time.perf_counter() < self.end else self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.left.set_result(None)


async def load_by_loop(port: int, beacons: list[bytes], seconds: int) -> Answers:
    began = time.perf_counter()
    endless = itertools.cycle(beacons)
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Reader(endless, began + seconds), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    readers = [reader for _, reader in made]
    for reader in readers:
        await reader.left
    times = [took for reader in readers for took in reader.times]
    refused = sum(reader.refused for reader in readers)
    return Answers(len(times), refused, time.perf_counter() - began, statistics.quantiles(times, n=100)[-1])
