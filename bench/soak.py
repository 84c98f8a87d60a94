"""A soak: `newsapp up` for half an hour, readers by log replay, an editor who publishes, and a process killed now and then.

Readers open pages and send beacons as their browsers would; stories are published and corrected by the product's own
functions; site workers, workers, the desk and the embedded Valkey are killed with SIGKILL. At the end: no 5xx to readers, no
lost view, memory flat. Exit code 0 only then.

    python bench/soak.py                                      half an hour, with a made-up crowd
    python bench/soak.py access.log.gz … --minutes 10         readers from access logs, as bench/replay.py reads them
    python bench/soak.py --database postgresql --rate 100
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import func, select

from bench.access_logs import Hit, read_log
from bench.browsers import PATIENCE, Browsers, Told, made_up_hits
from bench.count import database
from bench.lives import FLAT, SLACK, VICTIMS, Growth, Killer, Memory
from bench.newsdesk import Newsdesk
from bench.replay import plan_of, stories_of
from bench.troubles import wait_until
from newsapp import create_app
from newsapp.config import load_config
from newsapp.database import db
from newsapp.news.models import Article, Section, article_path
from newsapp.traffic.events import PAGEVIEW, SIGNALS, VIEWS
from newsapp.traffic.ledger import Balance, balance
from newsapp.traffic.models import article_views_daily, article_views_hourly, view_ledger
from tests.home import Home

TIME_TO_DRAIN = 120.0  # seconds
KILLING = 2 / 3  # of the time: every process lives through the rest, so that its memory can be judged
CACHE = "8mb"  # of pages in each web process: full while it warms up, so that it does not look like growth
SOON = 5.0  # seconds from a kill within which connections break by it
BREAKS = "site worker"  # whose death breaks readers' connections


@dataclass
class Verdict:
    """What became of the readers, their views and the memory."""

    told: Told
    kills: list[tuple[float, str]]
    desk: Newsdesk
    books: dict[str, Balance]
    lost: int  # accepted beacons that no table has, story by story
    twice: int
    growths: list[Growth]

    def unexplained(self) -> int:
        """Connections that broke without the death of the process behind them."""
        causes = [killed for killed, name in self.kills if name == BREAKS]
        return sum(not any(0 <= at - killed <= SOON for killed in causes) for at in self.told.broken)

    def faults(self) -> list[str]:
        """What did not hold; empty after a good run."""
        times = Counter(name for _, name in self.kills)
        found = {
            "pages answered by 5xx, or not even at the last try": self.told.page_errors(),
            "pages that were not there": self.told.pages[404],
            "beacons refused by 5xx though the page came again": self.told.beacon_errors(),
            "connections broken with no kill to explain it": self.unexplained(),
            "views lost": self.lost,
            "views booked twice": self.twice,
            "events that the ledger misses": sum(abs(books["balance"]) + books["waiting"] for books in self.books.values()),
            "failures at the desk": len(self.desk.failures),
            "stories not published": not self.desk.published,
            "processes whose memory grew": sum(not growth.is_flat for growth in self.growths),
            "sorts of process never killed": sum(not times[victim.name] for victim in VICTIMS),
        }
        return [f"{what}: {number:d}" for what, number in found.items() if number]


class Soak:
    """One run on a home of its own."""

    def __init__(
        self, home: Home, hits: list[Hit], seconds: float, rate: float, kill_every: float, publish_every: float, start: float, seed: int
    ) -> None:
        self.home, self.hits, self.seconds, self.rate = home, hits, seconds, rate
        self.config = load_config(home.environment)
        self.app = create_app(self.config)
        port = int(self.config["PORT"])
        self.browsers = Browsers("127.0.0.1", port, self.config["SECRET_KEY"], self.paths())
        self.desk = Newsdesk(self.app, port, self.browsers.paths, publish_every)
        self.killer, self.memory = Killer(home, kill_every, seconds * KILLING, start, seed), Memory(home, seconds / 10)

    def paths(self) -> dict[int, str]:
        with self.app.app_context():
            stories = stories_of(self.config)
            rows = db.session.execute(select(Article.id, Section.slug, Article.slug).join(Section, Section.id == Article.section_id))
            return {number: article_path(section, slug) for number, section, slug in rows if number in stories}

    def run(self) -> Verdict:
        plan = plan_of(self.hits, list(self.browsers.paths))
        began = time.monotonic()
        helpers = self.memory, self.desk, self.killer
        for helper in helpers:
            helper.start()
        asyncio.run(self.browsers.run(plan.beacons, self.rate, lambda: time.monotonic() > began + self.seconds))
        for helper in reversed(helpers):
            helper.stop()
        self.memory.write(self.home.folder / "memory.csv")
        return self.judge(self.drain())

    def drain(self) -> dict[str, Balance]:
        """The books once nothing waits, or as they are after TIME_TO_DRAIN."""
        with self.app.app_context():
            wait_until(lambda: not any(books["waiting"] for books in self.books().values()), TIME_TO_DRAIN)
            return self.books()

    def books(self) -> dict[str, Balance]:
        return {stream: balance(self.app.extensions["redis_jobs"], stream) for stream in (VIEWS, SIGNALS)}

    def judge(self, books: dict[str, Balance]) -> Verdict:
        told, booked = self.browsers.told, self.booked()
        lost = sum(max(0, times - booked[story]) for story, times in told.accepted.items())
        twice = sum(max(0, times - told.accepted[story] - told.unanswered[story]) for story, times in booked.items())
        return Verdict(told, self.killer.kills, self.desk, books, lost, twice, self.memory.growths())

    def booked(self) -> Counter[int]:
        """Page views by story, as views or with a reason."""
        found = Counter[int]()
        for table in (article_views_hourly, article_views_daily, view_ledger):
            column = table.c.events if table is view_ledger else table.c.views
            query = select(table.c.article_id, func.sum(column)).group_by(table.c.article_id)
            query = query.where(table.c.kind == PAGEVIEW.code) if table is view_ledger else query.where(table.c.article_id > 0)
            with self.app.app_context(), db.engine.connect() as sql:
                found.update({story: int(events) for story, events in sql.execute(query)})
        return found


def tell(verdict: Verdict) -> None:
    """All that happened; the last line is the verdict."""
    told, desk, kills = verdict.told, verdict.desk, Counter(name for _, name in verdict.kills)
    print("pages:", listed(told.pages))
    print("beacons:", listed(told.beacons))
    print(f"connections broken: {len(told.broken)}, with no kill to explain it: {verdict.unexplained()}; silent for {PATIENCE:.0f} s: {told.silent}")
    print(f"pages that came at a later try: {told.saved}; beacons refused twice: {told.given_up}; slowest answer {told.slowest:.1f} s")
    print(f"desk: {desk.published} published, {desk.corrected} corrected, readers had each within {desk.slowest:.1f} s")
    print("killed:", listed(kills))
    for stream, books in verdict.books.items():
        print(f"ledger of {stream}:", ", ".join(f"{name} {figure}" for name, figure in books.items()))
    print(f"memory, warm and at the end (allowed: × {FLAT} and {SLACK >> 20} MiB):", "" if verdict.growths else "no process lived long enough")
    for growth in sorted(verdict.growths, key=lambda each: each.name):
        print(f"  {growth}{'' if growth.is_flat else ', GROWN'}")
    for failure in desk.failures:
        print("desk failed:", failure)
    for fault in verdict.faults():
        print("fault:", fault)
    print(f"{told.pages.total()} pages, {told.accepted.total()} accepted, {verdict.lost} lost, {verdict.twice} twice, {len(verdict.kills)} kills")


def listed(counted: Counter[Any]) -> str:
    """Counts in words. A status of 0 is no answer."""
    return ", ".join(f"{name or 'none'} × {number}" for name, number in counted.most_common())


def soak(home: Home, hits: list[Hit], **options: float) -> Verdict:
    """Start newsapp on the home, let it soak, and stop it."""
    began = time.monotonic()
    home.up()
    try:
        return Soak(home, hits, start=time.monotonic() - began, **options).run()  # type: ignore[arg-type]
    finally:
        home.stop()


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", type=Path, help="access logs, plain or .gz; none: a made-up crowd")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=40, help="readers a second (default: %(default)s)")
    parser.add_argument("--kill-every", type=float, default=15, metavar="SECONDS", help="mean time between two kills (default: %(default)s)")
    parser.add_argument("--publish-every", type=float, default=5, metavar="SECONDS", help="rest between two stories (default: %(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--port", type=int, default=8590)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--home", type=Path, metavar="FOLDER", help="an empty folder that stays; unset: one for this run, which stays after a bad end"
    )
    return parser.parse_args()


def main() -> None:
    options = options_of()
    hits = [hit for path in options.logs for hit in read_log(path).hits] or made_up_hits(options.seed)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # leaves no process behind
    folder = options.home or Path(tempfile.mkdtemp(prefix="newsapp-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    with database(options.database, folder) as url:
        variables = {"DATABASE_URL": url} if url else {}
        home = Home(folder / "home", PORT=options.port, TRUSTED_PROXIES="127.0.0.1/32", LOG_LEVEL="WARNING", PAGE_CACHE_MEMORY=CACHE, **variables)
        verdict = soak(
            home, hits, seconds=options.minutes * 60, rate=options.rate, kill_every=options.kill_every, publish_every=options.publish_every,
            seed=options.seed,
        )  # fmt: skip
    tell(verdict)
    faults = verdict.faults()
    if not options.home and not faults:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"kept for a look: {folder}" if faults else "all held", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
