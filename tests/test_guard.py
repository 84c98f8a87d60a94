"""The guard of the lists: what editors pin, hold out and rule reaches readers at once and ends by the clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from newsapp.database import db, now, writes
from newsapp.news.models import Article
from newsapp.settings.store import change
from newsapp.traffic import guard, ranking
from newsapp.traffic.asked import Asked
from newsapp.traffic.guard import HOLD_OUT, PIN, Decision
from newsapp.traffic.windows import BY_SLUG, WINDOWS
from tests.desk import Desk
from tests.newsroom import Newsroom
from tests.reading import Reader, publish
from tests.test_api import listed, view

DAY, ALL = BY_SLUG["day"], BY_SLUG["all"]


def decide(article_id: int, action: str, hours: float = 24, position: int = 0) -> None:
    with writes():
        db.session.rollback()
        until = int((now() + timedelta(hours=hours)).timestamp())
        guard.decide(Decision(article_id, action, position, "a reason", until, "x"), now())
        db.session.commit()


def rule(name: str, value: int) -> None:
    with writes():
        db.session.rollback()
        change("site", name, value, "x")
        db.session.commit()


def names(lines: list[dict[str, Any]]) -> list[str]:
    return [line["path"].rpartition("/")[2] for line in lines]


# Rules for all stories


@pytest.mark.parametrize("window", [window for window in WINDOWS if not window.weighed], ids=lambda window: window.slug)
def test_so_many_of_one_section_and_no_more(newsroom: Newsroom, window: Any) -> None:
    for slug, readers in (("harbour-fire", 4), ("night-ferry", 3), ("court-ruling", 2), ("treaty-signed", 1)):
        newsroom.read(slug, readers=readers)
    newsroom.count()
    rule("most_viewed_per_section", 1)
    assert names(ranking.site_list(window, now())) == ["harbour-fire", "court-ruling", "treaty-signed"]
    section = f"section-{db.session.get_one(Article, newsroom.articles['harbour-fire']).section_id}"
    assert names(ranking.build(Asked(section, window))["items"]) == ["harbour-fire", "night-ferry"]


def test_old_stories_leave_the_lists(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=2)
    newsroom.read("court-ruling")
    newsroom.count()
    with writes():
        db.session.rollback()
        db.session.get_one(Article, newsroom.articles["harbour-fire"]).published_at = now() - timedelta(days=8)
        db.session.commit()
    rule("most_viewed_max_age", 7)
    assert [names(ranking.site_list(window, now())) for window in (DAY, ALL)] == [["court-ruling"]] * 2
    rule("most_viewed_max_age", 9)
    assert names(ranking.site_list(DAY, now())) == ["harbour-fire", "court-ruling"]


# Single stories, as readers see them


def front_list(reader: Reader, path: str = "/most-viewed/day") -> list[str]:
    return [part.partition('"')[0] for part in ranks(reader, path).split('<a href="/world/')[1:]]


def ranks(reader: Reader, path: str) -> str:
    """The list on a page."""
    return reader.text(path).partition('<ol class="ranks"')[2].partition("</ol>")[0]


def catch_up(reader: Reader) -> None:
    """What the memory thread does within two seconds while Redis is down: it reads the changes from the database."""
    reader.app.extensions["memory"].read_changes()


def paper(reader: Reader) -> dict[str, int]:
    ids = {slug: publish(slug) for slug in ("ferry", "match", "opera")}
    for views, article_id in enumerate(ids.values(), 1):
        view(article_id, views * 10)
    assert front_list(reader) == ["opera", "match", "ferry"]
    return ids


def later(reader: Reader, seconds: float) -> None:
    start = time.time()
    reader.app.extensions["clock"] = lambda: start + seconds


def test_a_story_that_is_held_out_leaves_every_list_and_stays_on_the_site(reader: Reader) -> None:
    ids = paper(reader)
    assert listed(reader, "published=week") == ["opera", "match", "ferry"]
    decide(ids["opera"], HOLD_OUT)
    catch_up(reader)
    assert front_list(reader, "/world/ferry") == ["match", "ferry"]
    with time_machine.travel(time.time() + 3, tick=True):  # pages of the list are kept for two seconds
        later(reader, 0)
        assert listed(reader, "") == ["match", "ferry"]
        assert listed(reader, "published=week") == ["match", "ferry"]
    assert reader.get("/world/opera").status_code == 200


def test_a_pin_stands_at_its_place_with_its_own_views_and_says_so(reader: Reader) -> None:
    ids = paper(reader)
    decide(ids["ferry"], PIN, position=2)
    lines = ranking.site_list(DAY, now())
    assert names(lines) == ["opera", "ferry", "match"]
    assert (lines[1]["views"], lines[1]["pinned"]) == (10, True)
    unread = publish("unread")
    decide(unread, PIN, position=1)
    assert names(ranking.site_list(DAY, now())) == ["unread", "ferry", "opera", "match"]
    assert names(ranking.build(Asked("section-1", DAY))["items"]) == ["opera", "match", "ferry"]


def test_a_pinned_story_that_is_spiked_or_embargoed_is_in_no_list(newsroom: Newsroom) -> None:
    decide(newsroom.articles["harbour-fire"], PIN, position=1)
    assert names(ranking.site_list(DAY, now())) == ["harbour-fire"]
    newsroom.spike("harbour-fire")
    assert names(ranking.site_list(DAY, now())) == []


@pytest.mark.parametrize("action", [PIN, HOLD_OUT])
def test_what_was_decided_ends_by_the_clock_alone(reader: Reader, action: str) -> None:
    ids = paper(reader)
    decide(ids["match"], action, hours=0.02, position=1)
    catch_up(reader)
    assert ("Placed here by the editors" in ranks(reader, "/world/ferry")) is (action == PIN)
    assert front_list(reader, "/world/ferry") == (["match", "opera", "ferry"] if action == PIN else ["opera", "ferry"])
    with time_machine.travel(time.time() + 100, tick=True):
        assert front_list(reader, "/world/ferry") == ["opera", "match", "ferry"]
        assert "Placed here by the editors" not in ranks(reader, "/world/ferry")


def test_who_comes_back_in_hours_makes_room_for_others_meanwhile(newsroom: Newsroom) -> None:
    for slug in newsroom.articles:
        newsroom.read(slug)
    newsroom.count()
    decide(newsroom.articles["harbour-fire"], HOLD_OUT, hours=2)
    assert "harbour-fire" not in names(ranking.build(Asked("site", DAY))["items"])
    decide(newsroom.articles["harbour-fire"], HOLD_OUT, hours=0.01)
    assert "harbour-fire" in names(ranking.build(Asked("site", DAY))["items"])
    assert "harbour-fire" not in names(ranking.site_list(DAY, now()))


# The page at the desk


def at_the_desk(editor: Desk) -> list[int]:
    articles = [editor.write("publication", headline=headline) for headline in ("Harbour fire put out", "Night ferry late")]
    with editor.app.app_context():
        for views, article in enumerate(articles, 1):
            view(article.id, views * 10)
    return [article.id for article in articles]


def tomorrow() -> str:
    return f"{datetime.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"


def test_the_desk_shows_the_lists_and_what_is_in_force(editor: Desk) -> None:
    fire, _ = at_the_desk(editor)
    shown = editor.open("/desk/most-viewed?window=week").text
    assert shown.index("Night ferry late") < shown.index("Harbour fire put out")
    assert "20 views" in shown
    page = f"/desk/most-viewed/{fire}"
    editor.send(f"{page}/pin", page, **{"pin-position": 1, "pin-until": tomorrow(), "pin-reason": "It matters"})
    shown = editor.open("/desk/most-viewed").text
    assert shown.index("Harbour fire put out") < shown.index("Night ferry late")
    assert "It matters" in shown
    assert "editor@newsapp.example" in shown
    assert "lists" in editor.touched()


def test_a_story_is_held_out_and_taken_back(editor: Desk) -> None:
    _, ferry = at_the_desk(editor)
    page = f"/desk/most-viewed/{ferry}"
    editor.send(f"{page}/hold-out", page, **{"hold-reason": "Pushed from outside", "hold-until": tomorrow()})
    with editor.app.app_context():
        assert names(ranking.site_list(DAY, now())) == ["harbour-fire-put-out"]
        assert [each.action for each in guard.in_force(db.session.connection(), now())] == [HOLD_OUT]
    editor.send(f"{page}/take-back", page)
    with editor.app.app_context():
        assert names(ranking.site_list(DAY, now())) == ["night-ferry-late", "harbour-fire-put-out"]


@pytest.mark.parametrize(("action", "typed", "words"), [
    ("pin", {"pin-position": 0, "pin-until": "2199-01-01T00:00"}, "Number must be between 1 and 50"),
    ("pin", {"pin-position": 1}, "Every decision has an end"),
    ("pin", {"pin-position": 1, "pin-until": "2001-01-01T00:00"}, "That time is over"),
    ("hold-out", {"hold-until": "2199-01-01T00:00"}, "not held out without a reason"),
])  # fmt: skip
def test_a_decision_that_says_too_little_is_asked_for_again(editor: Desk, action: str, typed: dict[str, Any], words: str) -> None:
    fire, _ = at_the_desk(editor)
    answer = editor.send(f"/desk/most-viewed/{fire}/{action}", f"/desk/most-viewed/{fire}", **typed)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_story_is_found_by_its_number(editor: Desk) -> None:
    fire, _ = at_the_desk(editor)
    assert editor.open(f"/desk/most-viewed/story?number={fire}").location.endswith(f"/desk/most-viewed/{fire}")
    assert editor.open("/desk/most-viewed/story?number=99").location.endswith("/desk/most-viewed")
    assert editor.open("/desk/most-viewed/99").status_code == 404
    assert editor.open("/desk/most-viewed?window=decade").status_code == 404
