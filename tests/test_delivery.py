"""Pages come from memory, show an edit at once, and survive without Redis."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, text
from werkzeug.test import Client, TestResponse

from newsapp.changes import tell, touch
from newsapp.config import Config
from newsapp.copies import Copy, write
from newsapp.database import db, now, writes
from newsapp.delivery.page_cache import PageCache
from newsapp.delivery.shelf import BY_NAME
from newsapp.news.models import LIVE, TAKEN_DOWN, Article, Section
from newsapp.settings import store
from newsapp.traffic import ranking
from newsapp.traffic.windows import WINDOWS
from tests.conftest import Valkey, make_app


class Paper:
    """A site in this process, its memory turned by hand."""

    def __init__(self, app: Flask, valkey: Valkey) -> None:
        self.app, self.valkey = app, valkey
        self.memory, self.entry = app.extensions["memory"], app.extensions["entry"]
        self.client = Client(self.entry)
        self.queries = 0
        with app.app_context():
            event.listen(db.engine, "after_cursor_execute", self.note_query)

    def note_query(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.queries += statement != "BEGIN"  # which asks nothing

    def write(self) -> None:
        with self.app.app_context(), writes():
            world = Section(slug="world", name="World", position=1)
            sport = Section(slug="sport", name="Sport", position=2)
            db.session.add_all([world, sport])
            for n, section in enumerate((world, world, sport), 1):
                at = now() - timedelta(hours=n)
                db.session.add(
                    Article(slug=f"story-{n}", headline=f"Story {n}", body="<p>Text.</p>" * 99, section=section, state=LIVE, published_at=at)
                )
            touch("site", "front")
            db.session.commit()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, base_url=f"http://localhost:{self.app.config['PORT']}", **options)

    def change(self, slug: str, **values: Any) -> None:
        """An editor's save: the article and its change row in one transaction, told after it."""
        with self.app.app_context(), writes():
            article = db.session.query(Article).filter_by(slug=slug).one()
            for name, value in values.items():
                setattr(article, name, value)
            article.updated_at = now()
            touch(f"article:{article.id}", f"section:{article.section_id}", "front")
            db.session.commit()

    def tell(self) -> None:
        with self.app.app_context():
            tell(self.valkey.client())
        self.memory.listen()

    def counting(self, *paths: str) -> list[int]:
        """Queries that each page costs."""
        costs = []
        for path in paths:
            before = self.queries
            assert self.get(path).status_code == 200
            costs.append(self.queries - before)
        return costs


@pytest.fixture
def paper(config: Config, valkey: Valkey) -> Iterator[Paper]:
    paper = Paper(make_app(config, "site"), valkey)
    paper.write()
    with paper.app.app_context():
        tell(valkey.client())
    paper.memory.begin()
    yield paper
    with paper.app.app_context():
        db.engine.dispose()
    if not valkey.answers():
        valkey.kill()
        valkey.start()


PAGES = ("/", "/world", "/world/story-1", "/most-viewed/day", "/how-we-count", "/feed.xml")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_few_queries_once_and_none_again(paper: Paper, path: str) -> None:
    paper.get(path)
    paper.memory.gap()  # the copies are in memory from here on, the page is not
    first, again = paper.counting(path, path)
    assert first <= 8
    assert again == 0


def test_an_edit_shows_and_nothing_else_is_rendered_anew(paper: Paper) -> None:
    paper.counting("/", "/world/story-1", "/world/story-2", "/sport/story-3")
    paper.change("story-1", headline="Story 1, corrected")
    paper.tell()
    assert "Story 1, corrected" in paper.get("/world/story-1").text
    assert "Story 1, corrected" in paper.get("/").text
    assert paper.counting("/world/story-2", "/sport/story-3") == [0, 0]


def test_a_moving_list_is_spliced_into_pages_without_rendering_them(paper: Paper) -> None:
    paper.counting("/", "/world/story-1")
    items = [{"id": 3, "path": "/sport/story-3", "headline": "Seen by many", "section": "Sport", "section_slug": "sport", "views": 7}]
    value = {"revision": 10**9, "scope": "site", "window": "day", "as_of": now().isoformat(), "items": items}
    write(paper.valkey.client(), "news:list:site:day", value)
    paper.memory.every_second()
    assert paper.counting("/", "/world/story-1") == [0, 0]
    assert "Seen by many" in paper.get("/").text


def test_a_story_taken_down_leaves_lists_before_they_are_built_anew(paper: Paper) -> None:
    items = [{"id": 3, "path": "/sport/story-3", "headline": "Regretted", "section": "Sport", "section_slug": "sport", "views": 7}]
    value = {"revision": 10**9, "scope": "site", "window": "day", "as_of": now().isoformat(), "items": items}
    write(paper.valkey.client(), "news:list:site:day", value)
    paper.memory.every_second()
    assert "Regretted" in paper.get("/").text
    paper.change("story-3", state=TAKEN_DOWN)
    with paper.app.app_context():
        BY_NAME["hidden"].refresh(paper.valkey.client())
    paper.tell()
    assert "Regretted" not in paper.get("/").text
    assert paper.get("/sport/story-3").status_code == 410


def test_a_takedown_works_while_redis_is_down(paper: Paper) -> None:
    paper.get("/sport/story-3")
    paper.valkey.kill()
    paper.change("story-3", state=TAKEN_DOWN)
    with paper.app.app_context():
        paper.memory.read_changes()
    assert paper.get("/sport/story-3").status_code == 410
    assert "story-3" not in paper.get("/sport").text


def test_a_process_born_without_redis_serves_from_the_database(config: Config, valkey: Valkey, paper: Paper) -> None:
    valkey.kill()
    newborn = Paper(make_site_again(config), valkey)
    newborn.memory.begin()
    assert "Story 1" in newborn.get("/").text
    assert newborn.get("/world/story-1").status_code == 200


def make_site_again(config: Config) -> Flask:
    from newsapp import create_app

    return create_app(config, "site")


def test_pages_go_on_when_redis_dies(paper: Paper) -> None:
    paper.get("/world/story-1")
    paper.valkey.kill()
    began = time.monotonic()
    assert paper.get("/world/story-1").status_code == 200
    assert paper.get("/world/story-2").status_code == 200
    assert time.monotonic() - began < 3  # redis-py would try for four seconds


def test_pages_go_on_when_the_database_is_gone(paper: Paper) -> None:
    paper.get("/world/story-1")
    with paper.app.app_context():
        db.session.execute(text("ALTER TABLE article RENAME TO gone"))
        db.session.commit()
    assert paper.get("/world/story-1").status_code == 200
    broken = paper.get("/world/story-2")
    assert broken.status_code == 503
    assert "<h1" in broken.text


def test_a_page_whose_time_is_over_is_better_than_none(paper: Paper) -> None:
    paper.change("story-3", published_at=now() + timedelta(minutes=10))
    paper.tell()
    assert paper.get("/").status_code == 200  # good until the embargo ends
    with paper.app.app_context():
        db.session.execute(text("ALTER TABLE article RENAME TO gone"))
        db.session.commit()
    with time_machine.travel(time.time() + 700, tick=True):
        assert "Story 1" in paper.get("/").text


def test_an_embargo_is_a_question_asked_of_the_clock(paper: Paper) -> None:
    paper.change("story-1", published_at=now() + timedelta(minutes=10))
    paper.tell()
    assert paper.get("/world/story-1").status_code == 404
    assert "Story 1" not in paper.get("/").text
    with time_machine.travel(time.time() + 601, tick=True):
        assert paper.get("/world/story-1").status_code == 200
        assert "Story 1" in paper.get("/").text


def test_many_at_once_ask_for_one_render(paper: Paper) -> None:
    gate = threading.Barrier(8)
    texts: list[str] = []

    def ask() -> None:
        gate.wait()
        texts.append(Client(paper.entry).get("/world", base_url=f"http://localhost:{paper.app.config['PORT']}").text)

    paper.get("/world")
    paper.memory.gap()
    alone = paper.counting("/sport")[0]
    paper.memory.gap()
    before = paper.queries
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts)) == 1
    assert paper.queries - before <= alone + 1


def test_campaign_parameters_share_one_page_and_pages_have_their_own(paper: Paper) -> None:
    paper.get("/world")
    assert paper.counting("/world?utm_source=mail&fbclid=1") == [0]
    assert 'href="/world?page' not in paper.get("/world?utm_source=mail").text
    assert paper.get("/world?page=9").status_code == 404


def test_a_browser_that_has_the_page_is_told_so(paper: Paper) -> None:
    first = paper.get("/world/story-1")
    again = paper.get("/world/story-1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    paper.change("story-1", headline="Another")
    paper.tell()
    assert paper.get("/world/story-1", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_pages_are_compressed_for_those_who_take_it(paper: Paper) -> None:
    plain = paper.get("/world/story-1")
    packed = paper.get("/world/story-1", headers={"Accept-Encoding": "deflate, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_head_tells_the_length_and_sends_nothing(paper: Paper) -> None:
    page = paper.get("/world/story-1")
    head = paper.client.head("/world/story-1", base_url=f"http://localhost:{paper.app.config['PORT']}")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(page.data)))


REFUSED = (
    (400, {"base_url": "http://elsewhere.example"}),
    (413, {"method": "POST", "data": b"body"}),
    (405, {"method": "POST"}),
)


@pytest.mark.parametrize(("status", "request_"), REFUSED)
def test_what_no_page_needs_is_refused(paper: Paper, status: int, request_: dict[str, Any]) -> None:
    options = {"base_url": f"http://localhost:{paper.app.config['PORT']}", "method": "GET", **request_}
    assert paper.client.open("/", **options).status_code == status


@pytest.mark.parametrize("path", [*PAGES, "/nothing-here"])
def test_an_anonymous_page_sets_no_cookie_and_has_every_header(paper: Paper, path: str) -> None:
    answer = paper.get(path)
    assert "Set-Cookie" not in answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_errors_are_never_kept(paper: Paper) -> None:
    assert paper.get("/world/soon").status_code == 404
    with paper.app.app_context(), writes():
        world = db.session.query(Section).filter_by(slug="world").one()
        db.session.add(Article(slug="soon", headline="Soon", section=world, state=LIVE, published_at=now()))
        db.session.commit()
    assert paper.get("/world/soon").status_code == 200


def test_the_cache_is_bounded(paper: Paper) -> None:
    pages = cache_of(paper)
    pages.limit = 100_000
    for n in range(1, 60):
        paper.get(f"/tag/x{n}")
        paper.get(f"/world?page={1 if n % 2 else 2}")
        paper.get(f"/world/story-{n % 2 + 1}")
        paper.get("/")
    assert pages.size <= pages.limit or len(pages.pages) == 1


def test_a_setting_reaches_the_pages(paper: Paper) -> None:
    assert "data-protect" not in paper.get("/world/story-1").text
    with paper.app.app_context(), writes():
        section = db.session.query(Section).filter_by(slug="world").one()
        store.change(f"section:{section.id}", "protection_mode", "message", "a test")
        db.session.commit()
        store.SETTINGS_COPY.refresh(paper.valkey.client())
    paper.memory.listen()
    assert 'data-protect="message"' in paper.get("/world/story-1").text
    assert "data-protect=" not in paper.get("/sport/story-3").text


def test_an_older_copy_never_replaces_a_newer_one(paper: Paper) -> None:
    connection = paper.valkey.client()
    newer, older = {"revision": 5, "words": "newer"}, {"revision": 4, "words": "older"}
    assert write(connection, "news:trial", newer)
    assert not write(connection, "news:trial", older)
    assert Copy("trial", dict).read(connection) == newer


def test_a_change_that_nobody_told_is_told_later(paper: Paper) -> None:
    paper.get("/world/story-1")
    paper.change("story-1", headline="Told late")  # and the process died here
    assert "Told late" not in paper.get("/world/story-1").text
    paper.tell()
    assert "Told late" in paper.get("/world/story-1").text


def test_the_api_gives_the_list_as_json(paper: Paper) -> None:
    items = [{"id": 3, "path": "/sport/story-3", "headline": "Story 3", "section": "Sport", "section_slug": "sport", "views": 7}]
    value = {"revision": 10**9, "scope": "section-2", "window": "week", "as_of": now().isoformat(), "items": items}
    write(paper.valkey.client(), "news:list:section-2:week", value)
    answer = paper.get("/api/v1/most-viewed?window=week&section=sport&limit=5")
    assert (answer.json["window"], answer.json["section"]) == ("week", "sport")
    url = f"{paper.app.config['SITE_URL']}/sport/story-3"
    assert answer.json["items"] == [{"id": 3, "url": url, "headline": "Story 3", "section": "sport", "views": 7}]
    assert paper.get("/api/v1/most-viewed?window=week&section=sport&limit=5", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(("query", "status"), [("window=year", 400), ("limit=0", 400), ("limit=x", 400), ("section=nowhere", 404)])
def test_the_api_says_what_is_wrong(paper: Paper, query: str, status: int) -> None:
    assert paper.get(f"/api/v1/most-viewed?{query}").status_code == status


def test_lists_are_published_for_the_site_and_each_section(paper: Paper) -> None:
    with paper.app.app_context():
        assert ranking.publish_all(paper.valkey.client(), now()) == 3 * len(WINDOWS)


def test_an_edit_that_redis_refused_to_carry_is_found_in_the_database(paper: Paper) -> None:
    paper.get("/world/story-1")
    paper.change("story-1", headline="Carried by nobody")
    paper.memory.read_changes_if_due()
    assert "Carried by nobody" in paper.get("/world/story-1").text


def test_a_page_that_became_a_404_is_not_kept(paper: Paper) -> None:
    paper.get("/most-viewed/day")
    with paper.app.app_context():
        assert paper.get("/world/story-1").status_code == 200
    paper.change("story-1", published_at=now() + timedelta(days=9))
    paper.tell()
    assert paper.get("/world/story-1").status_code == 404
    assert not [address for address in cache_of(paper).pages if address[0] == "/world/story-1"]


def test_a_broken_page_is_not_tried_by_every_thread(paper: Paper) -> None:
    with paper.app.app_context():
        db.session.execute(text("ALTER TABLE article RENAME TO gone"))
        db.session.commit()
    assert paper.get("/world/story-2").status_code == 503
    before = paper.queries
    again = paper.get("/world/story-2")
    assert again.status_code == 503
    assert "<h1" in again.text
    assert paper.queries == before


def test_many_readers_of_a_changing_page_do_not_inflate_the_books_of_the_cache(paper: Paper) -> None:
    cache = cache_of(paper)
    for _ in range(15):
        threads = [threading.Thread(target=paper.get, args=("/",), kwargs={"headers": {"Accept-Encoding": "gzip"}}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cache.drop({"front"})
    assert cache.size == sum(page.size for page in cache.pages.values())


def cache_of(paper: Paper) -> PageCache:
    """The page cache behind the wrapper that adds headers."""
    return paper.entry.cache
