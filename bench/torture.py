"""Trouble a counting newsapp at random while readers read, then judge every single event.

Each event has a visitor of its own (an address of its own, told by a trusted loopback proxy) and an
article of its own, so the product's own tables say what became of it: an event that was answered
with 204 must be booked exactly once, one that was not at most once. Every tenth reader sends the
same beacon twice, which must be booked as two events, the second of them as a repeat unless
something troubled newsapp in between.

    python bench/torture.py --minutes 5 [--database postgresql] [--troubles web,valkey-cut]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from bench.appendonly import Added
from bench.crowd import RATE, Readers
from bench.parts import KILLS, Clock, Disk, Part, Postgres, Sentinel, Valkey
from bench.troubles import BY_NAME, TROUBLES, Trouble, wait_until
from bench.verdict import Verdict
from newsapp import create_app
from newsapp.config import Config, load_config
from newsapp.database import db, now, writes
from newsapp.news.models import LIVE, Article, Section
from newsapp.redis import RedisError, client
from newsapp.traffic.counter import source_of
from newsapp.traffic.events import SLOT, unpack
from newsapp.traffic.inbox import id_parts, stream_key
from newsapp.traffic.ledger import Balance, balance
from newsapp.traffic.rollback import cursor_row

READERS = 6
SETTLES = 8.0  # seconds after a trouble until every web process has the day's salt and the inbox again
TIME_TO_DRAIN = 180.0


class Torture:
    """One run in a home of its own."""

    def __init__(self, home: Path, troubles: Iterable[Trouble], database: str = "sqlite", port: int = 8190, seed: int = 1) -> None:
        self.home, self.port, self.seed = home, port, seed
        self.troubles = [trouble for trouble in troubles if not trouble.not_here(database)]
        self.names = {trouble.name for trouble in self.troubles}
        self.times, self.shards = Counter[str](), 1
        self.allowed: dict[str, Counter[int]] = defaultdict(Counter)
        self.diary: list[tuple[float, str]] = []
        self.edges: list[tuple[float, float]] = []
        self.calm, self.over = threading.Event(), threading.Event()  # no more trouble; no more parts
        self.errors: list[Exception] = []
        self.victims: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self.disks: dict[str, Disk] = {}
        self.clocks = {name: Clock(home / f"clock-{name}") for name in ("valkey", "python")}
        self.parts: list[Part] = []
        self.database = database

    # The parts

    def make_parts(self, seconds: float) -> None:
        """The disks, and what stands on them before newsapp itself starts."""
        room = int(seconds * RATE) * 2048
        if "spill-disk" in self.names:
            self.disks["spill"] = Disk(self.home / "spill", 512 << 20)
        if "database-disk" in self.names:
            self.disks["database"] = Disk(self.home / "database", (512 << 20) + room)
        (self.home / "database").mkdir(exist_ok=True)
        url = f"sqlite:///{self.home}/database/newsapp.db"
        if self.database == "postgresql":
            postgres = Postgres(self.home, self.home / "database")
            url = postgres.url
            self.parts.append(postgres)
        self.parts += self.make_inbox()
        self.config: Config = load_config(self.settings(url))
        self.readers = Readers(self.port, self.config["SECRET_KEY"], self.calm)
        self.app: Flask = create_app(self.config)

    def settings(self, database_url: str) -> dict[str, str]:
        settings = {
            "NEWSAPP_HOME": str(self.home), "PORT": str(self.port), "TRUSTED_PROXIES": "127.0.0.1/32", "LOG_LEVEL": "WARNING",
            "DATABASE_URL": database_url, "SHARDS": str(self.shards),
        }  # fmt: skip
        address = f"redis+sentinel://127.0.0.1:{self.port + 3}/newsapp" if "failover" in self.names else f"unix://{self.primary.socket}"
        return {**settings, "REDIS_URL": address}

    def make_inbox(self) -> Iterator[Part]:
        environ = {**os.environ, **(self.clocks["valkey"].environ() if "valkey-clock" in self.names else {})}
        pair = "failover" in self.names
        self.primary = Valkey("valkey", self.home, self.home / "run" / "one.sock", environ, self.port + 1 if pair else 0)
        yield self.primary
        if pair:
            self.replica = Valkey("valkey", self.home, self.home / "run" / "two.sock", environ, self.port + 2)
            self.replica.follow(self.primary)
            yield self.replica
            self.sentinel = Sentinel(self.home, self.port + 3, self.primary)
            yield self.sentinel

    def make_python(self) -> Iterator[Part]:
        granian = "granian --interface rsgi --workers 2 --respawn-failed-workers --no-ws app:site --port"
        yield self.part("web", [*granian.split(), str(self.port)])
        for number in (1, 2):
            yield self.part("worker", ["workers", "count"], str(number))
        yield self.part("worker", ["workers", "desk"], "desk")

    def part(self, name: str, module: list[str], number: str = "") -> Part:
        clock = self.clocks["python"].environ() if "clock" in self.names else {}
        environ = {**os.environ, **self.settings(self.config["DATABASE_URL"]), **clock, "PYTHONFAULTHANDLER": "1"}
        return Part(name, [sys.executable, "-m", *module], environ, self.home / f"{name}{number}.log")

    def all(self, name: str) -> list[Part]:
        return [part for part in self.parts if part.name == name]

    def one(self, name: str) -> Part:
        return self.all(name)[0]

    def keep(self) -> None:
        """Start again whatever is gone, until all is over."""
        while not self.over.wait(0.05):
            for part in self.parts:
                part.keep()

    # The world

    def prepare(self, articles: int) -> None:
        """A database with an article for each event to come."""
        with self.app.app_context():
            if not wait_until(self.database_answers, 30):
                raise TimeoutError(f"the database does not answer; see {self.home}/postgresql.log")
            db.create_all()
            section = Section(slug="news", name="News")
            db.session.add(section)
            db.session.commit()
            section_id = section.id
            for start in range(1, articles + 1, 20_000):
                self.publish(range(start, min(start + 20_000, articles + 1)), section_id)
            db.session.execute(text("ANALYZE"))  # PostgreSQL would within minutes, but forgets each time it is killed that it has to
            db.session.commit()

    def database_answers(self) -> bool:
        with contextlib.suppress(SQLAlchemyError), db.engine.connect():
            return True
        return False

    def publish(self, numbers: Iterable[int], section: int) -> None:
        at = now()
        rows = [
            {"id": n, "slug": f"a{n}", "headline": f"Story {n}", "section_id": section, "state": LIVE, "published_at": at, "updated_at": at,
             "created_at": at}
            for n in numbers
        ]  # fmt: skip
        with writes():
            db.session.execute(insert(Article), rows)
            db.session.commit()

    def serves(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        return False

    # Troubling

    def trouble(self, trouble: Trouble) -> None:
        """Make one sort of trouble, again and again, until all is calm."""
        chance = random.Random(f"{self.seed} {trouble.name}")
        victim = self.victims[trouble.victim or trouble.name]
        while not self.calm.wait(trouble.every * chance.uniform(0.5, 1.5)):
            with victim:
                began = time.time()
                try:
                    with self.app.app_context():
                        self.times[trouble.name] += trouble.act(self, chance)
                    self.diary.append((began, f"{trouble.name}, until {time.time() - began:.2f} s later"))
                except Exception as error:
                    self.errors.append(error)
                    return
            if trouble.edge:
                self.edges.append((began, time.time() + SETTLES))

    def allow(self, cause: str, entries: Iterable[Added]) -> None:
        """Let these be lost, unless they were counted before they were gone."""
        cursors = {stream_key(shard): self.cursor(shard) for shard in range(self.shards)}
        for entry in entries:
            if id_parts(entry.entry_id) > id_parts(cursors[entry.stream]):
                self.allowed[cause].update(unpack(entry.packed)["article"].tolist())

    def cursor(self, shard: int) -> str:
        """Where counting of a shard stands, asked until the database answers."""
        while True:
            with contextlib.suppress(SQLAlchemyError):
                return cursor_row(source_of(shard))[0]
            time.sleep(0.1)

    # Judging

    def drain(self) -> Balance:
        """Let the parts run until nothing waits; returns the books.

        Clocks go where they have been furthest, so that what was promised until a moment there is over.
        """
        for clock in self.clocks.values():
            clock.set(clock.furthest)
        self.config["SHARDS"] = self.app.config["SHARDS"] = self.shards
        connection = client(self.config["REDIS_URL"], timeout=5)
        books: Balance | None = None
        end = time.monotonic() + TIME_TO_DRAIN
        while time.monotonic() < end:
            with contextlib.suppress(RedisError, SQLAlchemyError), self.app.app_context():
                books = balance(connection)
                if books["waiting"] == 0:
                    return books
            time.sleep(0.5)
        raise TimeoutError(f"events still wait after {TIME_TO_DRAIN} s: {books}; see {self.home}")

    def judge(self, books: Balance) -> Verdict:
        """Each event judged by its article."""
        accepted, unanswered = self.readers.accepted, self.readers.unanswered
        views = self.sum_by_article("article_views_hourly", "views") + self.sum_by_article("article_views_daily", "views")
        booked = views + self.sum_by_article("view_ledger", "events")
        missing = Counter({n: accepted[n] - booked[n] for n in accepted if accepted[n] > booked[n]})
        twice = sum(max(0, booked[n] - accepted[n] - unanswered[n]) for n in booked)
        allowed = {}
        for cause, events in self.allowed.items():
            lost = missing & events
            missing -= lost
            allowed[cause] = events.total(), lost.total()
        self.write_diary(missing)
        again = [n for n in self.readers.pairs if views[n] > 1]
        edge = sum(self.is_at_an_edge(*self.readers.pairs[n]) for n in again)
        return Verdict(
            accepted.total(), booked.total(), missing.total(), twice, len(again) - edge, edge, allowed, self.times, KILLS.total(), books,
            self.readers.statuses,
        )  # fmt: skip

    def write_diary(self, missing: Iterable[int]) -> None:
        """What happened when, for whoever looks into a run that ended badly."""
        offset = time.time() - time.monotonic()
        lines = self.diary + [(self.readers.when[number] + offset, f"{number} answered, and lost") for number in missing]
        (self.home / "diary").write_text("".join(f"{at - offset - self.readers.began:8.2f} {what}\n" for at, what in sorted(lines)))

    def sum_by_article(self, table: str, column: str) -> Counter[int]:
        with self.app.app_context(), db.engine.connect() as sql:
            rows = sql.execute(text(f"SELECT article_id, SUM({column}) FROM {table} GROUP BY article_id"))
            return Counter({article: int(events) for article, events in rows})

    def is_at_an_edge(self, began: float, ended: float) -> bool:
        """Whether two beacons may have fallen into two slots, or something troubled newsapp around them."""
        return int(began - 0.1) // SLOT != int(ended + 0.1) // SLOT or any(begin <= ended and began <= end for begin, end in self.edges)

    def run(self, seconds: float) -> Verdict:
        KILLS.clear()
        articles = int(seconds * RATE)
        try:
            self.make_parts(seconds)
            threading.Thread(target=self.keep, daemon=True).start()
            self.prepare(articles)
            self.parts += self.make_python()
            if not wait_until(self.serves, 30):
                raise TimeoutError(f"the site does not serve; see {self.home}/web.log")
            self.trouble_for(seconds, articles)
            return self.judge(self.drain())
        finally:
            self.end()

    def trouble_for(self, seconds: float, articles: int) -> None:
        """Readers and all troubles at once. Raises what a trouble raised."""
        self.readers.began = time.monotonic()
        threads = [threading.Thread(target=self.readers.read, args=(articles,), daemon=True) for _ in range(READERS)]
        threads += [threading.Thread(target=self.trouble, args=(trouble,), daemon=True) for trouble in self.troubles]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.calm.set()
        for thread in threads:
            thread.join(60)
        for error in self.errors:
            raise error

    def end(self) -> None:
        """Leave no process and no mount behind."""
        self.calm.set()
        self.over.set()
        for part in reversed(self.parts):
            part.end()
        for disk in self.disks.values():
            disk.end()


def chosen(names: str) -> list[Trouble]:
    """The troubles of that list; all of them for an empty one."""
    unknown = [name for name in names.split(",") if name and name not in BY_NAME]
    if unknown:
        sys.exit(f"no such trouble: {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    return [BY_NAME[name] for name in names.split(",") if name] or list(TROUBLES)


def tell(verdict: Verdict, seed: int) -> None:
    """All that happened; the last line is the verdict."""
    print("answers:", ", ".join(f"{status} × {times}" for status, times in verdict.statuses.most_common()))
    print("troubles:", ", ".join(f"{name} {times}" for name, times in sorted(verdict.times.items())), "| seed", seed)
    for cause, (events, lost) in verdict.allowed.items():
        print(f"allowed: {cause} may have taken {events} events; {lost} answered ones are lost by it")
    print(f"repeats that count as views: {verdict.edge} at an edge, {verdict.extra} elsewhere")
    print("ledger:", ", ".join(f"{name} {figure}" for name, figure in verdict.books.items()))
    print(verdict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--troubles", default="", metavar="A,B,…", help=f"some of {', '.join(BY_NAME)}; all unless given")
    parser.add_argument("--port", type=int, default=8190, help="of the site; three more follow for Sentinel's pair")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="where all is kept, also after a good end; unset: a folder for this run")
    options = parser.parse_args()
    seconds = options.minutes * 60 if options.minutes else options.seconds
    troubles = chosen(options.troubles)
    for trouble in troubles:
        if why := trouble.not_here(options.database):
            print(f"not run: {trouble.name}: {why}")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # leaves no process and no mount behind
    home = options.home or Path(tempfile.mkdtemp(prefix="newsapp-torture-"))
    home.mkdir(parents=True, exist_ok=True)
    torture = Torture(home, troubles, options.database, options.port, options.seed)
    verdict = torture.run(seconds)
    tell(verdict, options.seed)
    few = verdict.too_seldom(torture.troubles, seconds)
    if few:
        print(f"not a torture: {', '.join(few)} happened too seldom", file=sys.stderr)
    ended_well = not (verdict.lost or verdict.twice or verdict.extra or verdict.books["balance"] or few)
    if ended_well and not options.home:
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(0 if ended_well else 1)


if __name__ == "__main__":
    main()
