"""What counts as a view, and that it is counted once."""

from __future__ import annotations

import time

import numpy as np
import pytest

from newsapp.database import db
from newsapp.news.models import Article
from newsapp.traffic.counter import STATES, Turn, count_shard, start_of_memory
from newsapp.traffic.counting import cursor_of
from newsapp.traffic.events import BY_CODE, Pageview, late_by, unpack
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.judging import Judge
from newsapp.traffic.rollback import CHECKED
from newsapp.traffic.rules import Rules
from newsapp.traffic.windows import BY_SLUG, WINDOWS
from tests.newsroom import Newsroom

DAY = BY_SLUG["day"]


@pytest.mark.parametrize("window", [window for window in WINDOWS if not window.weighed], ids=lambda window: window.slug)
def test_the_busiest_article_leads_every_window(newsroom: Newsroom, window) -> None:
    newsroom.read("harbour-fire", readers=3)
    newsroom.read("court-ruling", readers=1)
    newsroom.count()
    assert newsroom.most_viewed(window) == ["harbour-fire", "court-ruling"]


def test_a_section_has_its_own_list(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=3)
    newsroom.read("night-ferry", readers=1)
    newsroom.read("court-ruling", readers=2)
    newsroom.count()
    world = f"section-{db.session.get(Article, newsroom.articles['harbour-fire']).section_id}"
    assert newsroom.most_viewed(DAY, world) == ["harbour-fire", "night-ferry"]


REFUSED_IN_THE_LEDGER = (
    ("prefetch", "", {"HTTP_SEC_PURPOSE": "prefetch;prerender"}),
    ("bot", "", {"HTTP_USER_AGENT": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}),
    ("staff", "", {"HTTP_COOKIE": "staff=1"}),
)


@pytest.mark.parametrize(("reason", "query", "environ"), REFUSED_IN_THE_LEDGER, ids=lambda value: value if isinstance(value, str) else "")
def test_a_reason_is_booked_instead_of_a_view(newsroom: Newsroom, reason: str, query: str, environ: dict[str, str]) -> None:
    assert newsroom.send("harbour-fire", query, **environ) == 204
    newsroom.count()
    assert newsroom.ledger() == {"received": 1, "counted": 0, "filtered": {reason: 1}, "waiting": 0, "balance": 0}


@pytest.mark.parametrize("navigation", ["reload", "back_forward"])
def test_reloading_does_not_count(newsroom: Newsroom, navigation: str) -> None:
    query = newsroom_query(newsroom, "harbour-fire")
    assert newsroom.send_raw(f"{query}&n={navigation}") == 204
    newsroom.count()
    assert newsroom.ledger()["filtered"] == {"reload": 1}


def newsroom_query(newsroom: Newsroom, slug: str) -> str:
    from newsapp.traffic.tokens import token_query

    return token_query(newsroom.app.config["SECRET_KEY"], newsroom.articles[slug], int(time.time()))


def test_a_driven_browser_is_headless(newsroom: Newsroom) -> None:
    assert newsroom.send_raw(newsroom_query(newsroom, "harbour-fire") + "&w=1") == 204
    newsroom.count()
    assert newsroom.ledger()["filtered"] == {"headless": 1}


def test_a_view_without_javascript_is_kept_apart(newsroom: Newsroom) -> None:
    assert newsroom.send_raw(newsroom_query(newsroom, "harbour-fire"), path="/beacon.gif", HTTP_ORIGIN="http://localhost:8000") == 200
    newsroom.count()
    assert newsroom.ledger()["filtered"] == {"unconfirmed": 1}


def test_a_spiked_story_is_unknown(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire")
    newsroom.spike("harbour-fire")
    newsroom.count()
    assert newsroom.ledger()["filtered"] == {"unknown_article": 1}


AT_THE_DOOR = (
    (400, {"query": "a=1"}),
    (400, {"query": "a=1&h=x&t=0"}),
    (400, {"query": "a=1&h=1&t=0&more=1"}),
    (403, {"query": "a=1&h={hour}&t=0123456789abcdef"}),
    (403, {"query": "{ours}", "HTTP_SEC_FETCH_SITE": "cross-site"}),
    (403, {"query": "{ours}", "HTTP_ORIGIN": "https://elsewhere.example"}),
)


@pytest.mark.parametrize(("status", "request_"), AT_THE_DOOR)
def test_what_is_not_ours_is_refused_and_not_received(newsroom: Newsroom, status: int, request_: dict[str, str]) -> None:
    query = request_["query"].format(hour=int(time.time()) // 3600, ours=newsroom_query(newsroom, "harbour-fire"))
    environ = {name: value for name, value in request_.items() if name != "query"}
    assert newsroom.send_raw(query, **environ) == status
    newsroom.count()
    assert newsroom.ledger()["received"] == 0


def test_one_address_cannot_flood_one_story(newsroom: Newsroom) -> None:
    answers = [newsroom.send("harbour-fire", HTTP_ACCEPT_LANGUAGE=f"x-{n}") for n in range(4000)]
    assert answers[0] == 204
    assert answers[-1] == 429
    newsroom.count()
    assert newsroom.ledger()["balance"] == 0


def judged(*opened: tuple[int, int]) -> list[str]:
    """The reasons against one visitor's openings of a story, each (stored at, seconds late)."""
    events = unpack(b"".join(Pageview(7, 1, 1, late=late).pack() for _, late in opened))
    at = np.array([at for at, _ in opened]) - late_by(events)
    reasons = Judge().reasons(events, at, np.ones(len(events), bool), Rules())
    return [BY_CODE[reason].name if reason else "counted" for reason in reasons.tolist()]


def test_opening_a_story_again_within_a_slot_is_a_repeat() -> None:
    assert judged((3000, 0), (3001, 0), (3029, 0), (3030, 0)) == ["counted", "repeat", "repeat", "counted"]


def test_a_retried_beacon_counts_in_the_slot_of_its_first_try() -> None:
    assert judged((3025, 0), (3031, 8)) == ["counted", "repeat"]


def test_another_worker_with_the_same_batch_adds_nothing(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=5)
    first, second = (Turn(0, newsroom.connection) for _ in range(2))
    entries = first.read_after(old := cursor_of("shard:0"))
    assert first.count(old, entries) == 5
    STATES.clear()
    assert second.count(old, entries) == 0
    assert newsroom.ledger() == {"received": 5, "counted": 5, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_worker_that_takes_over_knows_who_was_counted(newsroom: Newsroom) -> None:
    newsroom.send("harbour-fire")
    newsroom.count()
    STATES.clear()  # another process, with nothing in memory
    newsroom.send("harbour-fire")
    newsroom.count()
    counted_or_next_slot = newsroom.ledger()
    ids = [entry_id for entry_id, _ in newsroom.connection.xrange(stream_key(0))]
    slots = {int(entry_id.decode().partition("-")[0]) // 30_000 for entry_id in ids}
    assert counted_or_next_slot["counted"] == len(slots)
    assert counted_or_next_slot["balance"] == 0


def test_an_entry_that_cannot_be_read_is_booked_and_passed(newsroom: Newsroom) -> None:
    newsroom.connection.xadd(stream_key(0), {FIELD: b"not ours"})
    newsroom.read("harbour-fire")
    newsroom.count()
    assert newsroom.ledger() == {"received": 2, "counted": 1, "filtered": {"malformed": 1}, "waiting": 0, "balance": 0}


def test_what_waits_is_waiting(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=4)
    assert newsroom.ledger() == {"received": 4, "counted": 0, "filtered": {}, "waiting": 4, "balance": 0}


def test_the_stream_keeps_the_slot_before_the_cursor() -> None:
    assert start_of_memory("95000-3") == "60000-0"


@pytest.mark.parametrize("looked_at_once", [True, False])
def test_a_redis_that_came_back_empty_hides_no_view_and_the_books_are_mended(newsroom: Newsroom, looked_at_once: bool) -> None:
    newsroom.read("harbour-fire", readers=2)
    newsroom.count()
    newsroom.connection.delete(stream_key(0))
    CHECKED.clear()  # what a restart of the server does
    if looked_at_once:
        Turn(0, newsroom.connection).run(0.0)
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    assert newsroom.ledger() == {"received": 5, "counted": 5, "filtered": {}, "waiting": 0, "balance": 0}


def test_the_books_are_mended_when_a_commit_was_on_its_way_while_redis_came_back_empty(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=2)
    late = Turn(0, newsroom.connection)
    old = cursor_of(late.source)
    entries = late.read_after(old)
    newsroom.connection.delete(stream_key(0))
    CHECKED.clear()
    Turn(0, newsroom.connection).run(0.0)
    late.count(old, entries)
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    newsroom.count()  # the turn after sees that Redis knows of less than was counted
    assert newsroom.ledger() == {"received": 5, "counted": 5, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_redis_without_memory_is_counted_empty(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=3)
    limit = newsroom.connection.config_get("maxmemory")["maxmemory"]
    newsroom.connection.config_set("maxmemory", 1)
    try:
        assert count_shard(0, newsroom.connection, seconds=0.7) == 3
    finally:
        newsroom.connection.config_set("maxmemory", limit)
    assert newsroom.ledger()["counted"] == 3


def test_a_token_of_strange_letters_is_forged(newsroom: Newsroom) -> None:
    assert newsroom.send_raw(f"a=1&h={int(time.time()) // 3600}&t=%C3%A9") == 403
