"""The numbers of the whole site: the live board, the report of a month, the ranking laboratory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsapp import create_app
from newsapp.config import Config
from newsapp.database import db, now, write_unit
from newsapp.numbers.lab import Rules, tried
from newsapp.numbers.live import SHARED, SUMS, read_live
from newsapp.numbers.report import GROUPINGS, Month, harmless
from newsapp.settings.store import site_values
from newsapp.traffic import ranking
from newsapp.traffic.asked import Asked
from newsapp.traffic.days import SITE_ZONE
from newsapp.traffic.models import article_views_5min, article_views_daily, article_views_hourly
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import BY_SLUG
from tests.desk import Desk
from tests.newsroom import Newsroom

HOUR = timedelta(hours=1)
STEP = timedelta(minutes=5)


@pytest.fixture
def desk(newsroom: Newsroom, config: Config, every_database: str) -> Iterator[Desk]:
    """The newsroom's desk, with an editor signed in."""
    app = create_app(config | {"DATABASE_URL": every_database}, "desk")
    SHARED.kept = None
    SUMS.known.clear()
    desk = Desk(app, sections=())
    desk.sign_in()
    yield desk
    with app.app_context():
        db.engine.dispose()


def viewed(newsroom: Newsroom, slug: str, views: int, at: datetime) -> None:
    """Let a story have views in the five minutes and the hour of a moment, as counting writes them."""
    article = newsroom.articles[slug]
    with write_unit() as sql:
        sql.execute(article_views_5min.insert().values(bucket=int(at.timestamp()) // 300, article_id=article, views=views))
        sql.execute(article_views_hourly.insert().values(hour=hour_of(at), article_id=article, views=views, raw=views))


def live(at: datetime) -> object:
    return read_live(at, ZoneInfo("UTC"))


# ---- the board


def test_the_board_shows_what_is_read_now(newsroom: Newsroom, desk: Desk) -> None:
    newsroom.read("court-ruling", readers=3)
    newsroom.read("harbour-fire", readers=1)
    newsroom.count()
    page = desk.open("/desk/numbers").text
    busiest = page.split('id="busiest"')[1].split("</table>")[0]
    assert re.findall(r"numbers\">([^<]+)</a>", busiest) == ["Court ruling", "Harbour fire"]
    assert re.search(r"Today so far</dt><dd>4<", page)
    assert ">Politics</th>" in page.split('id="sections"')[1]


def test_a_fragment_is_sent_again_only_when_something_moved(newsroom: Newsroom, desk: Desk) -> None:
    first = desk.open("/desk/numbers/now")
    assert desk.browser.get("/desk/numbers/now", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    newsroom.read("court-ruling")
    newsroom.count()
    SHARED.kept = None
    assert desk.browser.get("/desk/numbers/now", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_what_rises_stands_before_what_is_merely_large(newsroom: Newsroom, desk: Desk) -> None:
    at = datetime(2026, 11, 20, 12, 2, tzinfo=UTC)
    for slug, before, half_hour in (("harbour-fire", 1000, 1010), ("court-ruling", 5, 60), ("night-ferry", 50, 20)):
        viewed(newsroom, slug, before, at - HOUR + STEP)
        viewed(newsroom, slug, half_hour, at)
    found = live(at)
    assert [read.story.path for read in found.rising] == ["/politics/court-ruling"]
    assert [read.story.path for read in found.busiest] == ["/world/harbour-fire", "/politics/court-ruling", "/world/night-ferry"]


def test_the_day_is_told_beside_the_day_before_until_the_same_hour(newsroom: Newsroom, desk: Desk) -> None:
    at = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    for hours, views in ((0, 4), (12, 2), (24, 10), (25, 20), (23, 400), (37, 7)):
        viewed(newsroom, "court-ruling", views, at - hours * HOUR)
    found = live(at)
    assert (found.today, found.by_now_yesterday) == (4 + 2, 10 + 20)
    viewed(newsroom, "harbour-fire", 5, at)
    assert live(at).today == 11


def test_fifty_editors_cost_what_one_does(newsroom: Newsroom, desk: Desk) -> None:
    desk.open("/desk/numbers/now")
    kept = SHARED.kept
    desk.open("/desk/numbers/now")
    assert SHARED.kept is kept


# ---- the month


def report(desk: Desk, by: str, month: str = "") -> list[dict[str, str]]:
    month = month or now().strftime("%Y-%m")
    answer = desk.open(f"/desk/numbers/{month}-by-{by}.csv")
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_month_is_reported_by_story_section_and_author(newsroom: Newsroom, desk: Desk) -> None:
    newsroom.read("court-ruling", readers=3)
    newsroom.read("harbour-fire", readers=2)
    newsroom.read("night-ferry", readers=2)
    newsroom.count()
    stories = report(desk, "article")
    assert [(line["headline"], line["views"]) for line in stories] == [("Court ruling", "3"), ("Harbour fire", "2"), ("Night ferry", "2")]
    assert stories[0]["address"].endswith("/politics/court-ruling")
    assert [(line["section"], line["stories read"], line["views"]) for line in report(desk, "section")] == [
        ("World", "2", "4"),
        ("Politics", "1", "3"),
    ]
    assert report(desk, "author") == []


def test_a_month_holds_its_hours_and_the_days_that_hours_became_and_no_others(newsroom: Newsroom, desk: Desk) -> None:
    article = newsroom.articles["court-ruling"]
    zone = ZoneInfo("America/New_York")
    newsroom.decide("time_zone", zone.key)
    SITE_ZONE.kept.clear()
    month = Month(2026, 3)  # the clock is put forward in it
    spans = month.spans(zone)
    assert (spans["next"] - spans["first"]) == 31 * 24 - 1
    with write_unit() as sql:
        for hour, views in ((spans["first"] - 1, 1), (spans["first"], 20), (spans["next"] - 1, 300), (spans["next"], 4000)):
            sql.execute(article_views_hourly.insert().values(hour=hour, article_id=article, views=views, raw=views))
        for day, views in ((spans["day"] - 1, 50_000), (spans["day"], 600_000), (spans["next_day"], 7_000_000)):
            sql.execute(article_views_daily.insert().values(day=day, article_id=article, views=views, raw=views))
    assert [line["views"] for line in report(desk, "article", "2026-03")] == ["600320"]
    SITE_ZONE.kept.clear()


@pytest.mark.parametrize("grouping", GROUPINGS, ids=lambda grouping: grouping.slug)
def test_a_month_without_views_has_its_heads(newsroom: Newsroom, desk: Desk, grouping: object) -> None:
    answer = desk.open(f"/desk/numbers/2020-01-by-{grouping.slug}.csv")
    assert answer.text.startswith("month," + grouping.heads[0])
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t="])
def test_a_spreadsheet_takes_no_headline_for_a_formula(cell: str) -> None:
    assert harmless(cell) == "'" + cell


def test_what_is_no_month_is_not_there(desk: Desk) -> None:
    for path in ("2026-13-by-article", "26-1-by-article", "2026-01-by-nothing"):
        assert desk.open(f"/desk/numbers/{path}.csv").status_code == 404


# ---- the laboratory


def rules(**changed: object) -> Rules:
    return Rules(**({"window": "day", "half_life": 6, "per_section": 0, "max_age": 0} | changed))


def slugs(lines: list[object]) -> list[str]:
    return [line.story.path.rpartition("/")[2] for line in lines]


def test_the_rules_in_force_give_the_lists_that_readers_have(newsroom: Newsroom, desk: Desk) -> None:
    for slug, readers in (("court-ruling", 3), ("harbour-fire", 2), ("night-ferry", 1)):
        newsroom.read_earlier(slug, hours=2, readers=readers)
    newsroom.count()
    with db.engine.connect() as sql:
        for window in ("day", "week", "trend"):
            found, _ = tried(sql, rules(window=window), rules(), now())
            assert slugs(found) == [item["path"].rpartition("/")[2] for item in ranking.build(Asked("site", BY_SLUG[window]))["items"]]


def test_a_shorter_half_life_lets_the_new_pass_the_old(newsroom: Newsroom, desk: Desk) -> None:
    viewed(newsroom, "harbour-fire", 1000, now() - 30 * HOUR)
    viewed(newsroom, "court-ruling", 100, now() - HOUR)
    with db.engine.connect() as sql:
        slow, quick = tried(sql, rules(window="trend", half_life=48), rules(window="trend", half_life=4), now())
    assert slugs(slow) == ["harbour-fire", "court-ruling"]
    assert slugs(quick) == ["court-ruling", "harbour-fire"]
    assert [line.moved for line in quick] == [1, -1]


def test_a_cap_of_one_per_section_lets_others_in(newsroom: Newsroom, desk: Desk) -> None:
    for slug, views in (("harbour-fire", 9), ("night-ferry", 8), ("court-ruling", 1)):
        viewed(newsroom, slug, views, now())
    with db.engine.connect() as sql:
        _, capped = tried(sql, rules(), rules(per_section=1), now())
    assert slugs(capped) == ["harbour-fire", "court-ruling"]


def test_a_past_moment_is_tried_as_it_was(newsroom: Newsroom, desk: Desk) -> None:
    viewed(newsroom, "harbour-fire", 5, now() - timedelta(minutes=30))
    viewed(newsroom, "court-ruling", 9, now() + 4 * HOUR)
    with db.engine.connect() as sql:
        found, _ = tried(sql, rules(), rules(), now() + HOUR)
    assert slugs(found) == ["harbour-fire"]


def test_what_was_tried_becomes_the_rule_on_request(newsroom: Newsroom, desk: Desk) -> None:
    tries = {"window": "trend", "half_life": 12, "per_section": 2, "max_age": 30}
    page = "/desk/numbers/lab?" + "&".join(f"{name}={value}" for name, value in tries.items())
    assert "Let what was tried be in force" in desk.open(page).text
    assert desk.send("/desk/numbers/lab", page, **tries).status_code == 302
    with desk.app.app_context():
        assert Rules.of(site_values()) == Rules(**tries)
    assert "Let what was tried be in force" not in desk.open(page).text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("half_life=0", "Number must be between 1 and 168."),
        ("at=2099-01-01T10:00", "The future is not counted yet."),
        ("at=2001-01-01T10:00", "kept for 30 days"),
    ],
)
def test_what_cannot_be_tried_is_said_beside_its_field(desk: Desk, query: str, words: str) -> None:
    page = desk.open(f"/desk/numbers/lab?window=day&per_section=0&max_age=0&{query if 'half' in query else 'half_life=6&' + query}")
    assert words in page.text
    assert 'aria-invalid="true"' in page.text
