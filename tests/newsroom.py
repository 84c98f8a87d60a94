"""A small named world: one paper, three sections, a few stories, and readers who open them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import redis
from flask import Flask

from newsapp.database import db, now, writes
from newsapp.delivery.memory import Memory
from newsapp.news.models import LIVE, SPIKED, Article, Section
from newsapp.settings.store import SETTINGS_COPY, change
from newsapp.traffic import ranking, spill_counting
from newsapp.traffic.asked import Asked
from newsapp.traffic.beacon import Beacon
from newsapp.traffic.counter import STATES, Turn
from newsapp.traffic.events import INGEST, SIGNALS, VIEWS, Pageview
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.ledger import Balance, balance
from newsapp.traffic.rollback import CHECKED
from newsapp.traffic.sums import apply_sums, ensure_windows
from newsapp.traffic.tokens import token_query
from newsapp.traffic.windows import Window

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
STORIES = {
    "harbour-fire": "world",
    "court-ruling": "politics",
    "treaty-signed": "diplomacy",
    "night-ferry": "world",
}


@dataclass
class Newsroom:
    """The paper under test: `read` sends beacons, `count` does what a worker's turn does."""

    app: Flask
    connection: redis.Redis
    articles: dict[str, int] = field(default_factory=dict)
    addresses: Any = field(default_factory=lambda: itertools.count(1))

    def open(self) -> Newsroom:
        with writes():
            sections = {slug: Section(slug=slug, name=slug.title(), position=n) for n, slug in enumerate(("world", "politics", "diplomacy"))}
            db.session.add_all(sections.values())
            for slug, section in STORIES.items():
                published = now() - timedelta(hours=1)
                headline = slug.replace("-", " ").capitalize()
                story = Article(slug=slug, headline=headline, section=sections[section], state=LIVE, published_at=published)
                db.session.add(story)
                db.session.flush()
                self.articles[slug] = story.id
            db.session.commit()
        SETTINGS_COPY.refresh(self.connection)
        self.memory = Memory(self.app)
        self.beacon = Beacon(self.app.config, self.memory)
        STATES.clear()
        CHECKED.clear()
        ensure_windows(now())
        for work in self.memory.each_second:
            work(self.connection)
        return self

    def send(self, slug: str, query: str = "", **environ: str) -> int:
        """Send one beacon as a page of ours would; returns the status."""
        given = token_query(self.app.config["SECRET_KEY"], self.articles[slug], int(time.time()))
        return self.send_raw(f"{given}&n=navigate&r=direct&w=0{query}", **environ)

    def send_kind(self, slug: str, query: str, **environ: str) -> int:
        """Send a beacon that says all of this; returns the status."""
        given = token_query(self.app.config["SECRET_KEY"], self.articles[slug], int(time.time()))
        return self.send_raw(f"{given}&{query}", **environ)

    def send_raw(self, query: str, path: str = "/beacon", **environ: str) -> int:
        host = f"localhost:{self.app.config['PORT']}"
        request = {
            "REQUEST_METHOD": "GET" if path.endswith(".gif") else "POST", "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "203.0.113.9",
            "HTTP_HOST": host, "HTTP_ORIGIN": f"http://{host}", "HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_USER_AGENT": FIREFOX,
            "HTTP_ACCEPT_LANGUAGE": "en",
        }  # fmt: skip
        answers: list[str] = []
        list(self.beacon({**request, **environ}, lambda status, headers, exc_info=None: answers.append(status)))
        return int(answers[0][:3])

    def read(self, slug: str, readers: int = 1) -> None:
        """Have that many different readers open a story."""
        for _ in range(readers):
            n = next(self.addresses)
            assert self.send(slug, REMOTE_ADDR=f"198.{18 + n // 62_500}.{n % 250}.{n // 250 % 250 + 1}") == 204

    def read_earlier(self, slug: str, hours: float, readers: int = 1) -> None:
        """Have readers whose views reached the inbox hours ago. The oldest come first."""
        at = int((time.time() - hours * 3600) * 1000)
        for _ in range(readers):
            visitor = next(self.addresses)
            packed = Pageview(self.articles[slug], visitor, visitor % 5000, referrer="direct").pack()
            self.connection.xadd(stream_key(0), {FIELD: packed}, id=f"{at}-*")

    def count(self) -> int:
        """Count all that waits, as a worker's turns do."""
        shards = range(self.app.config["SHARDS"])
        counted = sum(Turn(shard, self.connection).count_waiting() for shard in shards)
        for shard in shards:
            for stream in (SIGNALS, INGEST):
                Turn(shard, self.connection, stream).count_waiting()
        spill_counting.count_spill(now())
        if sections := apply_sums():
            ranking.publish(self.connection, sections, now())
        return counted

    def most_viewed(self, window: Window, scope: str = "site") -> list[str]:
        copy = ranking.list_copy(f"list:{scope}:{window.slug}").read(self.connection)
        return [item["path"].rpartition("/")[2] for item in (copy or {"items": []})["items"]]

    def views(self, slug: str, window: Window) -> int:
        items = ranking.build(Asked("site", window))["items"]
        return next((item["views"] for item in items if item["id"] == self.articles[slug]), 0)

    def spike(self, slug: str) -> None:
        with writes():
            db.session.rollback()
            db.session.get_one(Article, self.articles[slug]).state = SPIKED
            db.session.commit()

    def decide(self, name: str, value: Any) -> None:
        """Have an editor change a setting of the site."""
        with writes():
            db.session.rollback()
            change("site", name, value, "chief@example.org")
            db.session.commit()

    def ledger(self, stream: str = VIEWS) -> Balance:
        return balance(self.connection, stream)
