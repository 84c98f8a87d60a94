"""Kept events: an hour counted again comes to the same, and under another rule to another, wherever it shows."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select, text

from newsapp.database import db, now
from newsapp.traffic.counter import STATES
from newsapp.traffic.events import Pageview
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.kept import kept_hours, read_hour, seal_hours
from newsapp.traffic.models import kept_chunk
from newsapp.traffic.recount_command import run
from newsapp.traffic.recounting import NotWhole, apply, compare, compare_sample, recount, rule_of
from newsapp.traffic.releasing import held, release
from newsapp.traffic.rules import KNOWN, Rule, RuleError, note_rule, parse, read_rules
from newsapp.traffic.sums import apply_sums, hour_of
from newsapp.traffic.windows import BY_SLUG
from tests.newsroom import Newsroom

HOUR, DAY = BY_SLUG["hour"], BY_SLUG["day"]


def opened(newsroom: Newsroom, slug: str, *minutes: float, hours_ago: int = 1, **more: object) -> None:
    """One visitor opens a story at minutes of an hour past."""
    begin = (hour_of(now()) - hours_ago) * 3600
    for minute in minutes:
        packed = Pageview(newsroom.articles[slug], 7, 7, **more).pack()
        newsroom.connection.xadd(stream_key(0), {FIELD: packed}, id=f"{int((begin + minute * 60) * 1000)}-*")


@pytest.fixture
def past(newsroom: Newsroom) -> int:
    """An hour that is over: one visitor five times within three minutes, a reload, and a view without JavaScript."""
    opened(newsroom, "harbour-fire", 10, 10.2, 10.7, 11.2, 13)
    opened(newsroom, "court-ruling", 20, 21, navigation="reload")
    opened(newsroom, "court-ruling", 30, pixel=True)
    newsroom.count()
    return hour_of(now()) - 1


def test_the_same_rule_comes_to_the_same(newsroom: Newsroom, past: int) -> None:
    found = recount(past, rule_of(past))
    assert found.before == found.after == {newsroom.articles["harbour-fire"]: 4}
    assert found.reasons_after == {"counted": 4, "repeat": 1, "reload": 2, "unconfirmed": 1}
    assert compare(past, now()) == 0


@pytest.mark.parametrize(
    ("rule", "views"),
    [("slot=60", [3, 0]), ("slot=3600", [1, 0]), ("repeat=off", [5, 0]), ("reload=off", [4, 2]), ("unconfirmed=off", [4, 1])],
)
def test_history_under_another_rule(newsroom: Newsroom, past: int, rule: str, views: list[int]) -> None:
    found = recount(past, parse(rule))
    assert [found.after[newsroom.articles[slug]] for slug in ("harbour-fire", "court-ruling")] == views


def test_applied_it_shows_in_the_books_the_windows_and_the_lists(newsroom: Newsroom, past: int) -> None:
    rule = parse("slot=60,reload=off")
    apply(recount(past, rule), rule, now())
    apply_sums()
    assert [newsroom.views(slug, DAY) for slug in ("harbour-fire", "court-ruling")] == [3, 2]
    books = newsroom.ledger()
    assert books["filtered"] == {"repeat": 2, "unconfirmed": 1}
    assert (books["counted"], books["balance"]) == (5, 0)
    assert rule_of(past) == rule
    assert compare(past, now()) == 0
    apply(recount(past, Rule()), Rule(), now())
    apply_sums()
    assert newsroom.views("harbour-fire", DAY) == 4
    assert newsroom.ledger()["filtered"] == {"reload": 2, "repeat": 1, "unconfirmed": 1}


def test_a_stopped_recount_goes_on_where_it_was(newsroom: Newsroom) -> None:
    for hours in (3, 2, 1):
        opened(newsroom, "harbour-fire", 10, 10.7, hours_ago=hours)
        newsroom.count()
    rule, hours = parse("slot=60"), kept_hours()
    assert len(run(hours[:1], rule, True)[0]) == 1
    found, left_out = run(hours, rule, True)
    assert ([part.hour for part in found], left_out) == (hours[1:], {})
    assert newsroom.views("harbour-fire", DAY) == 3
    assert newsroom.ledger()["balance"] == 0


def test_what_was_written_and_never_committed_is_not_read(newsroom: Newsroom, past: int) -> None:
    with db.engine.begin() as sql:
        sql.execute(kept_chunk.delete())
    assert read_hour(past) == []
    with pytest.raises(NotWhole, match="none of its 8 events are kept"):
        recount(past, Rule())


def test_an_hour_of_which_something_is_missing_is_left_alone(newsroom: Newsroom, past: int) -> None:
    with db.engine.begin() as sql:
        sql.execute(text("UPDATE article_views_hourly SET views = views + 1 WHERE views > 0"))
    with pytest.raises(NotWhole, match="8 events are kept, and 9 were counted"):
        recount(past, Rule())
    assert compare_sample(now(), kept_hours()) == {}


def test_events_that_came_meanwhile_stop_an_apply(newsroom: Newsroom, past: int) -> None:
    found = recount(past, parse("slot=60"))
    opened(newsroom, "night-ferry", 59)
    newsroom.count()
    with pytest.raises(NotWhole, match="meanwhile"):
        apply(found, parse("slot=60"), now())


def test_a_number_that_was_changed_by_hand_is_found(newsroom: Newsroom, past: int) -> None:
    with db.engine.begin() as sql:
        sql.execute(text("UPDATE article_views_hourly SET views = views + 1 WHERE views > 0"))
        sql.execute(text("UPDATE view_ledger SET events = events - 1 WHERE reason = 7"))
    assert compare(past, now()) == 1


def test_an_hour_is_sealed_and_reads_the_same(newsroom: Newsroom, past: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recount(past, parse("slot=60"))
    with time_machine.travel(time.time() + 4 * 3600, tick=True):
        seal_hours(now())
        seal_hours(now())
    folder = Path(newsroom.app.config["NEWSAPP_HOME"]) / "kept"
    assert [path.name for path in folder.iterdir()] == [f"{past}.events.gz"]
    with db.engine.connect() as sql:
        assert sql.execute(select(kept_chunk)).all() == []
    after = recount(past, parse("slot=60"))
    assert (after.after, after.reasons_after) == (before.after, before.reasons_after)


@pytest.mark.parametrize(("days", "kept"), [(0, False), (2, True)])
def test_events_are_kept_as_many_days_as_the_setting_says(newsroom: Newsroom, past: int, days: int, kept: bool) -> None:
    newsroom.decide("events_kept_days", days)
    with time_machine.travel(time.time() + 30 * 3600, tick=True):
        seal_hours(now())
        assert (kept_hours() == [past]) is kept


def test_what_an_editor_released_stays_released(newsroom: Newsroom) -> None:
    newsroom.read_earlier("harbour-fire", hours=1, readers=3)
    at = hour_of(now()) - 1
    for visitor in range(30):
        packed = Pageview(newsroom.articles["night-ferry"], 5000 + visitor, 5).pack()
        newsroom.connection.xadd(stream_key(0), {FIELD: packed}, id=f"{(at * 3600 + 3599) * 1000}-*")
    newsroom.count()
    (found,) = held(now())
    release(found.hour, found.article, found.network, "chief@example.org", now())
    assert compare(at, now()) == 0
    assert recount(at, parse("burst=0")).after[newsroom.articles["night-ferry"]] == 30


def test_a_worker_that_takes_over_reads_only_what_is_new(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    state = STATES["shard:0"]
    newsroom.read("harbour-fire", readers=3)
    STATES.clear()
    newsroom.count()  # another process
    STATES["shard:0"] = state
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    assert [networks.site for networks in STATES["shard:0"].judge.networks.values()] == [9]


def test_a_setting_changes_the_rule_from_the_next_full_hour(newsroom: Newsroom) -> None:
    note_rule(now())
    newsroom.decide("count_without_script", "yes")
    assert note_rule(now())
    assert not note_rule(now())
    rules, hour = read_rules(), hour_of(now())
    assert [rules.at(hour).unconfirmed, rules.at(hour + 2).unconfirmed] == [True, False]
    KNOWN.kept.clear()
    with time_machine.travel(time.time() + 2 * 3600, tick=True):
        opened(newsroom, "court-ruling", 1, hours_ago=0, pixel=True)
        newsroom.count()
    assert newsroom.ledger()["counted"] == 1


@pytest.mark.parametrize(
    ("text_", "says"),
    [
        ("slot=7", "slot divides an hour"),
        ("speed=1", "there is no 'speed'"),
        ("reload=maybe", "on or off"),
        ("burst=-1", "a number"),
        ("slot=x", "a number"),
    ],
)
def test_a_rule_that_cannot_be_says_what_can(text_: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse(text_)


def test_a_disk_without_room_stops_the_keeping_and_not_the_counting(newsroom: Newsroom) -> None:
    folder = Path(newsroom.app.config["NEWSAPP_HOME"]) / "kept"
    folder.write_text("in the way")
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    assert newsroom.ledger()["counted"] == 3


def test_hours_to_come_are_not_compared(newsroom: Newsroom, past: int) -> None:
    newsroom.read("harbour-fire")
    newsroom.count()
    assert compare_sample(now(), kept_hours()) == {past: 0}
    assert compare_sample(now() - timedelta(hours=1), kept_hours()) == {}
