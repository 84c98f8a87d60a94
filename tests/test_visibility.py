"""Readers see a story at exactly the moments that its state and its two times say, wherever it could be seen, page caches included."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from newsapp.changes import tell, touch
from newsapp.config import Config
from newsapp.copies import write
from newsapp.database import db, write_unit, writes
from newsapp.delivery.shelf import BY_NAME as COPIES
from newsapp.desk import lists
from newsapp.desk.writing import load
from newsapp.news.models import LIVE, STATES, TAKEN_DOWN, Correction
from newsapp.publishing import clock
from newsapp.search.index import has_words
from newsapp.traffic import ranking
from newsapp.traffic.models import article_view_sums
from tests.conftest import Valkey
from tests.reading import Reader, publish, reader_of

ADDRESS = "/world/moving-story"
PLACES = (
    "/", "/world", "/feed.xml", "/world/feed.xml", "/sitemap/articles-0.xml", "/tag/ferries", "/author/harbour-desk", "/corrections",
    "/most-viewed/day", "/api/v1/most-viewed?window=day", "/world/other-story",
)  # fmt: skip
LISTED = {"/most-viewed/day", "/api/v1/most-viewed?window=day"}  # a story comes there with the next list that workers publish, and goes at once
SETTLED = timedelta(seconds=3)  # until then
DAYS = itertools.count()  # each example has a day of its own: a paper's clock never goes back
BEGIN = datetime(2031, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SECONDS = st.none() | st.integers(-3600, 3600)


@pytest.fixture
def reader(config: Config, every_database: str) -> Iterator[Reader]:
    yield from reader_of(config | {"DATABASE_URL": every_database})


def open_paper(valkey: Valkey) -> int:
    """A paper with a story that is always there, and one that comes and goes; both are read a lot."""
    old = {"tags": ["Ferries"], "by": ["Harbour desk"], "at": BEGIN - timedelta(days=60)}
    ids = [publish("other-story", **old), publish("moving-story", headline="Moving story", **old)]
    with writes():
        db.session.add_all(Correction(article_id=each, text="It was ten.", at=BEGIN - timedelta(days=30)) for each in ids)
        db.session.commit()
    with write_unit() as connection:
        sums = {"section_id": 1, "v24h": 5, "v7d": 5, "v30d": 5, "vall": 5, "trend": 5.0}
        connection.execute(insert(article_view_sums), [{"article_id": each, **sums} for each in ids])
    return ids[1]


def save(number: int, state: str, published_at: datetime | None, expires_at: datetime | None, at: datetime) -> None:
    with writes():
        db.session.rollback()
        article = load(number)
        assert article
        touch(*article.touches())
        article.state, article.published_at, article.expires_at, article.updated_at = state, published_at, expires_at, at
        db.session.commit()


def work(reader: Reader, valkey: Valkey, at: datetime, edited: bool = False) -> None:
    """What workers do after an edit and every few seconds, and what the web process then fetches."""
    connection, memory = valkey.client(), reader.app.extensions["memory"]
    turned = clock.turn_due(at)
    db.session.rollback()
    tell(connection)
    for name in ("site", "hidden"):
        write(connection, f"news:{name}", COPIES[name].build())
    ranking.publish_all(connection, at)
    if turned or edited:  # it would wait for something to hear
        memory.listen()
    memory.fetch(connection)


def places(reader: Reader) -> set[str]:
    """Where the story is seen."""
    found = {path for path in PLACES if "moving-story" in reader.text(path)}
    return found | ({ADDRESS} if reader.get(ADDRESS).status_code == 200 else set())


def shelves(number: int, at: datetime) -> set[str]:
    """The shelves of the desk on which its words are found."""
    db.session.rollback()
    return {shelf.slug for shelf in lists.SHELVES if number in {each.id for each in lists.sheet(shelf, has_words("moving"), 1, at).articles}}


def shelf_by_hand(state: str, published_at: datetime | None, expires_at: datetime | None, at: datetime) -> str:
    if state != LIVE:
        return {"draft": "drafts", "taken_down": "taken-down"}.get(state, state)
    if expires_at and expires_at <= at:
        return "ended"
    return "live" if published_at and published_at <= at else "embargoed"


def test_a_story_is_seen_at_exactly_its_moments(reader: Reader, valkey: Valkey) -> None:
    with time_machine.travel(BEGIN - timedelta(days=1), tick=False):
        number = open_paper(valkey)
        reader.app.extensions["memory"].begin()

    @settings(max_examples=6, deadline=None, database=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
    @example(LIVE, 10, 56)
    @given(st.sampled_from([LIVE, LIVE, LIVE, *(state for state in STATES if state not in (LIVE, TAKEN_DOWN))]), SECONDS, SECONDS)
    def seen(state: str, published: int | None, expires: int | None) -> None:
        begin = BEGIN + timedelta(days=next(DAYS))
        goes_out, ends = (None if each is None else begin + timedelta(seconds=each) for each in (published, expires))
        if state == LIVE and goes_out is None:
            goes_out = begin  # a story goes live at a moment
        edges = {moment + step for moment in (goes_out, ends, begin) if moment for step in (-TICK, timedelta(), TICK, SETTLED)}
        with time_machine.travel(begin, tick=False) as traveller:
            save(number, state, goes_out, ends, begin)
            work(reader, valkey, begin, edited=True)
            for at in sorted(edge for edge in edges if edge >= begin):
                traveller.move_to(at)
                is_live = state == LIVE and goes_out is not None and goes_out <= at and not (ends and ends <= at)
                found = places(reader)
                assert found - LISTED == ({ADDRESS, *PLACES} - LISTED if is_live else set()), at
                assert is_live or not found, at
                assert found >= LISTED or not is_live or at - SETTLED not in {goes_out, begin}, at
                work(reader, valkey, at)
                assert shelves(number, at) == {"all", shelf_by_hand(state, goes_out, ends, at)}, at

    seen()
