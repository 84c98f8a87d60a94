"""Which story is offered at the end of another, and what is fetched of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from newsapp.database import db, now, writes
from newsapp.news.models import DRAFT, LIVE, SPIKED, TAKEN_DOWN, Article
from newsapp.news.story import NEXT_KEPT
from tests.reading import Reader, publish

HOUR = timedelta(hours=1)
STORY = "/world/story?fragment=1"


def offered(reader: Reader, path: str) -> str:
    """Where the link at the end of a story leads; empty when there is none."""
    found = re.search(r"<nav[^>]* data-next>.*?href=\"([^\"]+)\"", reader.text(path))
    return found[1] if found else ""


def test_the_next_older_story_of_the_section_is_offered_and_at_the_oldest_none(reader: Reader) -> None:
    publish("oldest", ago=3 * HOUR)
    publish("elsewhere", "sport", ago=2.5 * HOUR)
    publish("middle", ago=2 * HOUR)
    publish("newest", ago=HOUR)
    paths = ("/world/newest", "/world/middle", "/world/oldest", "/sport/elsewhere")
    assert [offered(reader, path) for path in paths] == ["/world/middle", "/world/oldest", "", ""]


def test_of_stories_of_one_moment_none_is_left_out_or_offered_twice(reader: Reader) -> None:
    at = now() - HOUR
    for slug in ("first", "second", "third"):
        publish(slug, at=at)
    assert [offered(reader, f"/world/{slug}") for slug in ("third", "second", "first")] == ["/world/second", "/world/first", ""]


def test_what_readers_or_search_engines_may_not_see_is_passed_over(reader: Reader) -> None:
    publish("older", ago=9 * HOUR)
    publish("written", ago=8 * HOUR, state=DRAFT)
    publish("spiked", ago=7 * HOUR, state=SPIKED)
    publish("taken-down", ago=6 * HOUR, state=TAKEN_DOWN)
    publish("expired", ago=5 * HOUR, expires_at=now() - HOUR)
    publish("unlisted", ago=4 * HOUR, robots="noindex")
    publish("story", ago=3 * HOUR)
    publish("embargoed", at=now() + HOUR)
    assert offered(reader, "/world/story") == "/world/older"


def test_a_story_taken_down_or_ended_is_offered_no_longer(reader: Reader) -> None:
    publish("oldest", ago=3 * HOUR)
    publish("ends", ago=2 * HOUR, expires_at=now() + HOUR)
    number = publish("next", ago=1.5 * HOUR)
    publish("story", ago=HOUR)
    assert offered(reader, "/world/story") == "/world/next"
    with writes():
        db.session.get_one(Article, number).state = TAKEN_DOWN
        db.session.commit()
    for hear in reader.app.extensions["memory"].on_change:
        hear({f"article:{number}"})
    assert offered(reader, "/world/story") == "/world/ends"
    with time_machine.travel(now() + HOUR + timedelta(seconds=6)):
        assert offered(reader, "/world/story") == "/world/oldest"


def test_what_was_put_between_two_stories_is_offered_within_the_hour(reader: Reader) -> None:
    publish("older", ago=3 * HOUR)
    publish("story", ago=HOUR)
    assert offered(reader, "/world/story") == "/world/older"
    publish("between", ago=2 * HOUR)
    with time_machine.travel(now() + NEXT_KEPT + timedelta(seconds=6)):
        assert offered(reader, "/world/story") == "/world/between"


def test_the_fragment_is_the_articles_own_part_of_its_page(reader: Reader) -> None:
    publish("older", ago=2 * HOUR)
    publish("story", ago=HOUR, by=("Harbour desk",), tags=("Ferries",), body="<p>The ferry sails at night.</p>")
    whole, part = (re.search(r"<article data-beacon.*?</article>", reader.text(path), re.DOTALL) for path in ("/world/story", STORY))
    assert whole
    assert part
    # Only one part of a page may be called "share"; landmarks of two articles need two names.
    assert part[0].replace("Tags: Story", "Tags").replace("desk: Story", "desk") == whole[0].replace(' id="share"', "")
    assert not set(re.findall(r' id="[^"]+"', reader.text(STORY)))
    assert offered(reader, STORY) == "/world/older"
    assert "<html" not in reader.text(STORY)
    assert 'class="masthead"' not in reader.text(STORY)


def test_no_search_engine_lists_a_fragment(reader: Reader) -> None:
    publish("story")
    assert reader.get(STORY).headers["X-Robots-Tag"] == "noindex"
    assert "noindex" not in reader.get("/world/story").headers["X-Robots-Tag"]
    assert "Disallow: /*fragment=1\n" in reader.text("/robots.txt")
    assert "fragment" not in reader.text("/sitemap/articles-0.xml")


def test_a_fragment_is_kept_as_pages_are(reader: Reader) -> None:
    publish("story")
    first = reader.get(STORY)
    with reader.counted() as statements:
        assert reader.get(STORY).data == first.data
        assert reader.get(STORY, **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert statements == []
    assert "Set-Cookie" not in first.headers


def test_a_fragment_is_asked_for_by_one_name(reader: Reader) -> None:
    publish("story")
    assert reader.get("/world/story?fragment=2").status_code == 404
    assert reader.get("/world/story?fragment=").data == reader.get("/world/story").data


@pytest.mark.parametrize(("state", "status"), [(LIVE, 200), (SPIKED, 404), (TAKEN_DOWN, 410), (DRAFT, 404)])
def test_a_fragment_is_there_as_long_as_its_page(reader: Reader, state: str, status: int) -> None:
    publish("story", state=state)
    assert reader.get(STORY).status_code == status


def test_the_fragment_of_a_story_that_moved_is_found_at_its_new_address(reader: Reader) -> None:
    publish("story")
    answer = reader.get("/sport/story?fragment=1")
    assert (answer.status_code, answer.location) == (301, "/world/story?fragment=1")
