"""WebSub: what the feeds say of their hub, and what a real hub is told when."""

from __future__ import annotations

import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from lxml import etree
from rq.job import Job
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from newsapp import changes
from newsapp.config import networks
from newsapp.database import db, now, writes
from newsapp.news.models import LIVE, SPIKED, Article, Author, Tag
from newsapp.queues import queue
from newsapp.settings.store import change
from newsapp.websub import noting, telling
from newsapp.websub.models import HubFeed
from newsapp.websub.telling import HubFailed, pause
from tests.newsroom import Newsroom
from tests.reading import Reader, publish, reader_of
from workers import jobs

ATOM = "{http://www.w3.org/2005/Atom}"
HUB = "https://hub.newsapp.example/?paper=1&x=2"
FILES = ("atom.xml", "feed.json", "feed.xml")


# ---- what feeds say


@pytest.fixture
def reader(config: Any) -> Iterator[Reader]:
    for reader in reader_of(config):
        publish("ferry", by=["Sea desk"], tags=["Ships"])
        yield reader


@pytest.mark.parametrize("path", ["", "/world", "/tag/ships", "/author/sea-desk"])
@pytest.mark.parametrize("file", FILES)
def test_a_feed_names_its_hub_and_itself(reader: Reader, path: str, file: str) -> None:
    address = f"{reader.address}{path}/{file}"
    assert 'rel="hub"' not in reader.text(f"{path}/{file}")
    with writes():
        change("site", "websub_hub", HUB, "chief@newsapp.example")
        db.session.commit()
    reader.app.extensions["entry"].cache.drop({"settings"})
    for _ in range(2):  # made, and kept
        answer = reader.get(f"{path}/{file}")
        assert f'<{HUB}>; rel="hub", <{address}>; rel="self"' in answer.headers.getlist("Link")
        if file == "feed.json":
            assert answer.json["hubs"] == [{"type": "WebSub", "url": HUB}]
            assert answer.json["feed_url"] == address
        else:
            links = {link.get("rel"): link.get("href") for link in etree.fromstring(answer.get_data()).iter(f"{ATOM}link") if link.get("rel")}
            assert (links["hub"], links["self"]) == (HUB, address)


def test_without_a_hub_a_feed_says_nothing_of_one(reader: Reader) -> None:
    for file in FILES:
        answer = reader.get(f"/{file}")
        assert "hub" not in answer.text
        assert not [link for link in answer.headers.getlist("Link") if "hub" in link]


# ---- what the hub is told


class Hub:
    """A hub that notes what it is told, and answers as it is told to: with a status, or not at all."""

    def __init__(self) -> None:
        self.answers: Any = lambda topic: 202
        self.topics: list[str] = []
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                assert said["hub.mode"] == ["publish"]
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                hub.topics += said["hub.url"]
                self.send_response(hub.answers(said["hub.url"][0]))
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self) -> set[str]:
        """The pages whose feeds it was told of since the last look, each in every format and once."""
        counted = Counter(topic.removeprefix("http://localhost:8000").rpartition("/") for topic in self.topics)
        self.topics.clear()
        assert set(counted.values()) <= {1}
        pages = {page or "/" for page, _, _ in counted}
        assert all(sorted(file for page, _, file in counted if (page or "/") == each) == list(FILES) for each in pages)
        return pages


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


@pytest.fixture
def paper(newsroom: Newsroom, hub: Hub) -> Newsroom:
    newsroom.app.config["WEBHOOK_ALLOW"] = networks("127.0.0.0/8")
    newsroom.decide("websub_hub", hub.address)
    noting.note_feeds(now())  # from here on
    return newsroom


def story_of(paper: Newsroom, slug: str) -> Article:
    parts = [selectinload(part) for part in (Article.tags, Article.authors, Article.section)]
    return db.session.scalars(select(Article).where(Article.id == paper.articles[slug]).options(*parts)).one()


def edit(paper: Newsroom, slug: str, **values: Any) -> None:
    """A save at the desk: the story, and what it touches, in one transaction."""
    with writes():
        db.session.rollback()
        story = story_of(paper, slug)
        touched = story.touches()
        for name, value in values.items():
            setattr(story, name, value)
        story.updated_at = now()
        db.session.flush()
        changes.touch(*touched, *story.touches())
        db.session.commit()


def tell(paper: Newsroom) -> int:
    """What a worker does: note, and tell what is due; a test has the wait between."""
    if noting.note_feeds(now()):
        bring_forward()
    return telling.tell_hub()


def bring_forward(seconds: int = 5) -> None:
    """Let pauses of so many seconds be over."""
    db.session.rollback()
    with writes():
        for row in db.session.scalars(select(HubFeed).where(HubFeed.due <= now() + timedelta(seconds=seconds))):
            row.due = now() - timedelta(seconds=1)
        db.session.commit()


def test_an_edit_is_told_of_every_feed_that_it_shows_in(paper: Newsroom, hub: Hub) -> None:
    with writes():
        db.session.add_all([Tag(slug="ships", name="Ships"), Author(slug="sea-desk", name="Sea desk")])
        db.session.commit()
    tag, author = db.session.scalars(select(Tag)).one(), db.session.scalars(select(Author)).one()
    edit(paper, "harbour-fire", tags=[tag], authors=[author])
    assert tell(paper) == 4
    assert hub.told() == {"/", "/world", "/tag/ships", "/author/sea-desk"}
    assert tell(paper) == 0
    edit(paper, "court-ruling", headline="Court rules again")
    edit(paper, "court-ruling", headline="Court rules anew")
    assert tell(paper) == 2  # in one go
    assert hub.told() == {"/", "/politics"}


def test_what_no_reader_sees_is_told_to_nobody(paper: Newsroom, hub: Hub) -> None:
    edit(paper, "night-ferry", headline="Ferry sails")
    tell(paper)
    hub.told()
    with writes():
        draft = Article(slug="draft", headline="Draft", section=story_of(paper, "night-ferry").section, tags=[], authors=[])
        db.session.add(draft)
        db.session.flush()
        changes.touch(*draft.touches())
        db.session.commit()
    assert tell(paper) == 0
    assert hub.told() == set()
    with writes():
        draft.state, draft.published_at = LIVE, now() - timedelta(minutes=1)
        changes.touch("article:5", "section:1", "front")
        db.session.commit()
    assert tell(paper) == 2
    assert hub.told() == {"/", "/world"}


def test_a_removal_is_told(paper: Newsroom, hub: Hub) -> None:
    edit(paper, "night-ferry", state=SPIKED)
    assert tell(paper) == 2
    assert hub.told() == {"/", "/world"}
    edit(paper, "night-ferry", state=LIVE)
    assert tell(paper) == 2


def test_a_correction_is_told(paper: Newsroom, hub: Hub) -> None:
    edit(paper, "treaty-signed", revised_at=now())
    tell(paper)
    assert hub.told() == {"/", "/diplomacy"}


def test_without_a_hub_nothing_is_noted(newsroom: Newsroom) -> None:
    edit(newsroom, "harbour-fire", headline="Other")
    assert not noting.note_feeds(now())
    assert db.session.scalars(select(HubFeed)).all() == []


def test_a_hub_that_is_away_is_told_later_and_the_job_says_why(paper: Newsroom, hub: Hub) -> None:
    hub.answers = lambda topic: 503
    edit(paper, "harbour-fire", headline="Fire is out")
    with pytest.raises(HubFailed, match=r"The hub http://127\.0\.0\.1:\d+/ did not take .* was 503\. It is told again at \d\d:\d\d UTC"):
        tell(paper)
    assert len(hub.topics) == 1  # the rest waits, too
    assert tell(paper) == 0
    hub.topics.clear()
    hub.answers = lambda topic: 204
    waited = {row.name: row.due for row in db.session.scalars(select(HubFeed))}
    assert all(timedelta(seconds=50) < due - now() <= timedelta(seconds=60) for due in waited.values())
    bring_forward(60)
    assert telling.tell_hub() == 2
    assert hub.told() == {"/", "/world"}


def test_pauses_grow_and_trying_ends(paper: Newsroom, hub: Hub) -> None:
    assert [pause(tries) // timedelta(minutes=1) for tries in (1, 2, 3, 9, 10, 11)] == [1, 2, 4, 256, 360, 360]
    hub.server.shutdown()
    hub.server.server_close()
    edit(paper, "harbour-fire", headline="Fire is out")
    noting.note_feeds(now())
    messages = []
    for _ in range(telling.MOST_TRIES):
        bring_forward(7 * 3600)
        with pytest.raises(HubFailed) as failed:
            telling.tell_hub()
        messages.append(str(failed.value))
    assert "ConnectionRefusedError" in messages[0]
    assert messages[-1].endswith("It is told no more until these feeds have other news")
    assert telling.tell_hub() == 0


def test_a_topic_that_the_hub_refuses_keeps_none_of_the_others_back(paper: Newsroom, hub: Hub) -> None:
    hub.answers = lambda topic: 422 if "/world/" in topic else 202
    edit(paper, "harbour-fire", headline="Fire is out")
    with pytest.raises(HubFailed, match=r"did not take the news of section:1: the answer to \S+/world/\S+ was 422"):
        tell(paper)
    assert sum("/world/" not in topic for topic in hub.topics) == 3


def test_a_hub_in_a_private_network_is_not_told_unless_that_is_allowed(paper: Newsroom, hub: Hub) -> None:
    paper.app.config["WEBHOOK_ALLOW"] = ()
    edit(paper, "harbour-fire", headline="Fire is out")
    with pytest.raises(HubFailed, match="WEBHOOK_ALLOW names those"):
        tell(paper)
    assert hub.topics == []


def test_two_workers_tell_a_hub_once(paper: Newsroom, hub: Hub) -> None:
    edit(paper, "harbour-fire", headline="Fire is out")
    noting.note_feeds(now())
    name, due, tries = telling.due_at(now() + timedelta(seconds=5))[0]
    assert telling.claim(name, due, tries)
    assert not telling.claim(name, due, tries)


def test_a_save_asks_for_the_job_on_the_queue_that_nobody_waits_for_and_once(paper: Newsroom, hub: Hub) -> None:
    edit(paper, "harbour-fire", headline="Fire is out")
    for _ in range(3):
        jobs.refresh_site()
    slow = queue("slow", paper.connection)
    found = [Job.fetch(each, connection=paper.connection, serializer=slow.serializer).func_name for each in slow.job_ids]
    assert 1 <= found.count("workers.jobs.tell_hub") <= 2  # two, where the clock turned between
    assert hub.topics == []
    began = time.monotonic()
    jobs.tell_hub()
    assert hub.told() == {"/", "/world"}
    assert 0.5 < time.monotonic() - began < 3  # the site's processes have it by then
