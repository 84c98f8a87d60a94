"""Crawlers' fetches stand in the ledger by class and story; readers' do not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from timeit import timeit

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from newsapp import create_app
from newsapp.database import db
from newsapp.ops.metrics import CRAWLS_LOST
from newsapp.traffic import crawls
from newsapp.traffic.events import BY_CODE, CRAWL, SIGNALS
from newsapp.traffic.inbox import stream_key
from newsapp.traffic.models import view_ledger
from tests.newsroom import FIREFOX, STORIES, Newsroom

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot"


@dataclass
class Site:
    """The readers' site of a newsroom, its background chores turned by hand."""

    newsroom: Newsroom
    app: Flask

    def get(self, slug: str, agent: str, **options: object) -> TestResponse:
        path = f"/{STORIES[slug]}/{slug}" if slug in STORIES else slug
        headers = {"User-Agent": agent, **options.pop("headers", {})}  # type: ignore[dict-item]
        client = Client(self.app.extensions["entry"])
        return client.open(path, base_url=f"http://localhost:{self.app.config['PORT']}", headers=headers, **options)

    @property
    def waiting(self) -> int:
        return len(self.app.extensions["crawls"].waiting)

    def tell(self) -> None:
        self.app.extensions["crawls"].tell(self.newsroom.connection)

    def ledger(self) -> dict[tuple[str, str], int]:
        """Crawls by story and the crawler's class."""
        self.tell()
        self.newsroom.count()
        slugs = {number: slug for slug, number in self.newsroom.articles.items()}
        with db.engine.connect() as sql:
            rows = sql.execute(select(view_ledger).where(view_ledger.c.kind == CRAWL.code)).all()
        return {(slugs[row.article_id], BY_CODE[row.reason].agent): row.events for row in rows}


@pytest.fixture
def site(newsroom: Newsroom) -> Iterator[Site]:
    app = create_app({name: newsroom.app.config[name] for name in newsroom.app.config if name.isupper()}, "site")
    app.extensions["memory"].begin()
    yield Site(newsroom, app)
    with app.app_context():
        db.engine.dispose()


def test_crawlers_are_counted_by_class_and_story_and_readers_are_not(site: Site) -> None:
    for slug, agent in (("harbour-fire", GPTBOT), ("harbour-fire", GPTBOT), ("harbour-fire", GOOGLEBOT), ("court-ruling", GPTBOT)):
        assert site.get(slug, agent).status_code == 200  # the first renders, the others come from memory
    assert site.get("harbour-fire", FIREFOX).status_code == 200
    assert site.ledger() == {("harbour-fire", "ai"): 2, ("harbour-fire", "search"): 1, ("court-ruling", "ai"): 1}
    assert site.newsroom.ledger(SIGNALS) == {"received": 4, "counted": 0, "filtered": {"bot": 4}, "waiting": 0, "balance": 0}
    assert site.newsroom.ledger()["received"] == 0


def test_a_page_that_is_still_the_same_was_fetched_too(site: Site) -> None:
    etag = site.get("harbour-fire", GOOGLEBOT).headers["ETag"]
    assert site.get("harbour-fire", GOOGLEBOT, headers={"If-None-Match": etag}).status_code == 304
    assert site.ledger() == {("harbour-fire", "search"): 2}


def test_only_stories_that_were_given_out_are_counted(site: Site) -> None:
    assert site.get("harbour-fire", GOOGLEBOT, method="HEAD").status_code == 200
    site.newsroom.spike("night-ferry")
    assert site.get("night-ferry", GOOGLEBOT).status_code == 404
    assert site.get("/", GOOGLEBOT).status_code == 200
    assert site.get("/world", GOOGLEBOT).status_code == 200
    assert site.ledger() == {}


def test_fetches_share_entries(site: Site) -> None:
    for _ in range(150):
        site.get("harbour-fire", GPTBOT)
    site.tell()
    assert site.newsroom.connection.xlen(stream_key(0, SIGNALS)) == 3
    assert site.newsroom.ledger(SIGNALS)["waiting"] == 150
    assert site.ledger() == {("harbour-fire", "ai"): 150}
    assert site.newsroom.ledger(SIGNALS)["balance"] == 0


def test_while_redis_takes_nothing_they_wait_and_beyond_a_number_are_lost_and_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = site.newsroom.connection
    limit, before = connection.config_get("maxmemory")["maxmemory"], lost()
    monkeypatch.setattr(crawls, "MOST", 5)
    for _ in range(7):
        assert site.get("harbour-fire", GPTBOT).status_code == 200
    connection.config_set("maxmemory", 1)
    try:
        site.tell()
    finally:
        connection.config_set("maxmemory", limit)
    assert (site.waiting, lost() - before) == (5, 2)
    site.app.extensions["beacon"].inbox.full = True
    site.tell()
    assert site.waiting == 5
    site.app.extensions["beacon"].inbox.full = False
    assert site.ledger() == {("harbour-fire", "ai"): 5}


def lost() -> float:
    return float(CRAWLS_LOST._value.get())


def test_a_reader_costs_less_than_a_microsecond(site: Site) -> None:
    note = site.app.extensions["crawls"].note
    note(1, FIREFOX)
    best = min(timeit(lambda: note(1, FIREFOX), number=20_000, timer=time.process_time) / 20_000 for _ in range(7))
    print(f"{best * 1e6:.2f} µs")
    assert best < 1e-6
    assert site.waiting == 0
