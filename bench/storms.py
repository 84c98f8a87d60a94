"""What happens to kept pages while the paper moves, in a cold start, with readers who have them already, and over a million requests."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from newsapp import create_app
from newsapp.changes import tell, touch
from newsapp.config import Config
from newsapp.copies import write
from newsapp.database import db, now, writes
from newsapp.news.models import LIVE, Article, Section
from newsapp.redis import client

PUBLISHES = 10  # a second, in a storm
LISTS = 2  # moves of Most Viewed a second
COLD, EACH = 10_000, 3  # addresses in a cold start, and how often each is asked for at about the same time
MILLION = 1_000_000
FLAT = 1.10  # of the memory after the first tenth, that the last may have


def wrk(url: str, headers: dict[str, str], seconds: int, script: Path | None = None) -> tuple[float, float, int]:
    """(answers a second, 99th percentile in seconds, answers), by one thread with 32 connections."""
    asked = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "--latency", "-t1", "-c32", f"-d{seconds}s", *asked, *(["-s", str(script)] if script else []), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    slow, unit = re.search(r"99%\s+([\d.]+)(\w+)", said).groups()
    rate, answers = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), int(re.search(r"(\d+) requests in", said)[1])
    return rate, float(slow) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit], answers


class Newsroom:
    """Editors and counters of the paper under load, in threads of this process."""

    def __init__(self, config: Config) -> None:
        self.app, self.redis = create_app(config, "work"), client(config["REDIS_URL"], timeout=5)
        self.numbers = itertools.count()
        self.done: Counter[str] = Counter()

    @contextmanager
    def storm(self) -> Iterator[None]:
        """Stories are published and lists move, for as long as the block lasts."""
        over = threading.Event()
        threads = [threading.Thread(target=self.every, args=(1 / rate, work, over)) for rate, work in ((PUBLISHES, self.publish), (LISTS, self.move))]
        for thread in threads:
            thread.start()
        yield
        over.set()
        for thread in threads:
            thread.join()

    def every(self, seconds: float, work: Callable[[], None], over: threading.Event) -> None:
        next_one = time.monotonic()
        while not over.is_set():
            with self.app.app_context():
                work()
            self.done[work.__name__] += 1
            next_one = max(next_one + seconds, time.monotonic())
            over.wait(next_one - time.monotonic())

    def publish(self) -> None:
        with writes():
            section = db.session.query(Section).order_by(Section.position).first()
            number = next(self.numbers)
            article = Article(slug=f"storm-{time.time_ns()}", headline=f"Storm {number}", body="<p>Words.</p>" * 40, section=section, state=LIVE)
            article.published_at, article.tags, article.authors = now(), [], []
            db.session.add(article)
            db.session.flush()
            touch(*article.touches())
            db.session.commit()
        tell(self.redis)

    def move(self) -> None:
        """Most Viewed of the day, in another order."""
        items = json.loads(self.redis.get("news:list:site:day") or b'{"items": []}')["items"] or self.stories()
        random.shuffle(items)
        value = {"revision": 10**9 + time.time_ns() // 10**6, "scope": "site", "window": "day", "as_of": now().isoformat(), "items": items}
        write(self.redis, "news:list:site:day", value)

    def stories(self) -> list[dict[str, object]]:
        rows = db.session.query(Article).filter(Article.state == LIVE).limit(30).all()
        sections = {section.id: section for section in db.session.query(Section)}
        return [
            {"id": each.id, "headline": each.headline, "section": sections[each.section_id].name, "section_slug": sections[each.section_id].slug,
             "path": f"/{sections[each.section_id].slug}/{each.slug}", "views": 100 - n}
            for n, each in enumerate(rows)
        ]  # fmt: skip

    def write_many(self, count: int) -> list[str]:
        """An archive: returns the addresses of so many stories."""
        with self.app.app_context(), writes():
            section = db.session.query(Section).order_by(Section.position).first()
            at = now() - timedelta(days=30)
            db.session.bulk_save_objects(
                Article(slug=f"cold-{n}", headline=f"Cold {n}", body="<p>Words.</p>" * 40, section_id=section.id, state=LIVE, published_at=at)
                for n in range(count)
            )
            slug = section.slug
            db.session.commit()
        return [f"/{slug}/cold-{n}" for n in range(count)]


def ask_all(port: int, host: str, paths: list[str]) -> int:
    """Ask for each address from 32 connections, several times at about the same time. Returns how many were not answered with 200."""
    wanted = [path for start in range(0, len(paths), 64) for path in paths[start : start + 64] * EACH]
    local, wrong = threading.local(), Counter()

    def ask(path: str) -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        local.connection.request("GET", path, headers={"Host": host})
        answer = local.connection.getresponse()
        answer.read()
        wrong[answer.status] += 1

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(ask, wanted))
    return sum(count for status, count in wrong.items() if status != 200)


def rendered_twice(folder: Path) -> tuple[int, int]:
    """(renders, addresses that one process has rendered more than once), as bench.variants noted them."""
    notes = [path.read_text().splitlines() for path in folder.glob("renders-*")]
    return sum(map(len, notes)), sum(1 for lines in notes for times in Counter(lines).values() if times > 1)


def memory(pid: int) -> int:
    """Bytes that a process and its children hold for themselves."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    rows = [line for each in (pid, *children) for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines() if line.startswith("Private_")]
    return 1024 * sum(int(row.split()[1]) for row in rows)


def share(of: list[float], to: list[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(one / two for one, two in zip(of, to, strict=True))
