"""What readers find at each address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from newsapp.config import Config
from newsapp.database import db, now, write_unit, writes
from newsapp.news import dates, related
from newsapp.news.models import DRAFT, LIVE, SPIKED, TAKEN_DOWN, Correction, Page, Picture, Redirect
from newsapp.news.pages import reserved_slugs
from newsapp.news.slugs import RESERVED
from newsapp.settings import store
from newsapp.traffic.events import REASONS
from newsapp.traffic.models import view_rule
from newsapp.traffic.rules import Rule
from newsapp.traffic.windows import WINDOWS
from tests.reading import Reader, publish, reader_of

AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEVEN_HEADLINES = "Lead First Second Third Fourth Fifth Sixth"


@pytest.fixture
def reader_everywhere(config: Config, every_database: str) -> Iterator[Reader]:
    """On SQLite and on PostgreSQL."""
    yield from reader_of(config | {"DATABASE_URL": every_database})


def save(*rows: Any) -> None:
    with writes():
        db.session.add_all(rows)
        db.session.commit()


def plain(html: str) -> str:
    """What is seen of a page: its text with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


# The front page


def test_an_empty_paper_says_so(reader: Reader) -> None:
    assert "Nothing has been published yet." in reader.text("/")


def test_the_editors_lead_leads_and_each_story_stands_there_once(reader_everywhere: Reader) -> None:
    for hours in range(12):
        publish(f"story-{hours}", "world" if hours % 2 else "sport", ago=hours * HOUR)
    publish("chosen", "culture", ago=50 * HOUR, place=1)
    html = reader_everywhere.text("/")
    main = html.split("<main", 1)[1].split("data-most-viewed", 1)
    assert plain(main[0]).index("Chosen") < plain(main[0]).index("Story 0")
    for slug in ("culture/chosen", *(f"{'world' if hours % 2 else 'sport'}/story-{hours}" for hours in range(12))):
        assert html.count(f'href="/{slug}"') == 1, slug


def test_no_list_shows_an_embargoed_story(reader_everywhere: Reader) -> None:
    publish("later", ago=-HOUR, tags=["Ferries"], by=["World desk"], place=1)
    publish("sooner", tags=["Ferries"], by=["World desk"])
    for path in ("/", "/world", "/tag/ferries", "/author/world-desk", "/feed.xml", "/sitemap/articles-0.xml"):
        html = reader_everywhere.text(path)
        assert "sooner" in html, path
        assert "later" not in html, path


# An article


def test_the_byline_says_when_and_by_whom(reader: Reader) -> None:
    published = now() - timedelta(hours=2, minutes=5)
    publish("ferry", at=published, by=["Harbour desk", "World desk"])
    day = f"{published.day} {published:%b %Y}"
    assert f"Published 2 hours ago on {day} by Harbour desk and World desk" in plain(reader.text("/world/ferry"))


def test_the_byline_of_an_old_story_gives_the_date_alone(reader: Reader) -> None:
    publish("treaty", at=datetime(2019, 3, 1, 12, tzinfo=UTC), by=["World desk"])
    assert "Published on 1 Mar 2019 by World desk" in plain(reader.text("/world/treaty"))


def test_dates_are_in_the_papers_zone(reader: Reader) -> None:
    with writes():
        store.change("site", "time_zone", "Asia/Tokyo", "the test")
        db.session.commit()
    publish("treaty", at=datetime(2019, 3, 1, 20, tzinfo=UTC))
    assert "Published on 2 Mar 2019" in plain(reader.text("/world/treaty"))


def test_an_article_shows_all_its_parts(reader: Reader) -> None:
    picture = Picture(name="ferry", alt="A ferry", credit="Drawing: the desk", width=960, height=640, widths="480,960")
    save(picture)
    correction = Correction(at=datetime(2026, 11, 23, 13, 55, tzinfo=UTC), text="There were eleven.")
    publish("ferry", standfirst="It sails again.", body="<p>At dawn.</p>", kicker="Analysis", caption="The ferry, at last.",
            picture=picture, tags=["Shipping"], corrections=[correction])  # fmt: skip
    html = reader.text("/world/ferry")
    for part in ("It sails again.", "At dawn.", "Analysis", "The ferry, at last.", "Drawing: the desk", "Shipping", "There were eleven."):
        assert part in plain(html), part
    assert "Correction, 23 Nov 2026, 13:55." in plain(html)
    assert 'srcset="/media/ferry-480.webp 480w, /media/ferry-960.webp 960w"' in html


def test_an_article_tells_machines_what_it_is(reader: Reader) -> None:
    publish("ferry", headline="</script>Ferry & sons", standfirst="Sails.", by=["World desk"], tags=["Shipping"])
    html = reader.text("/world/ferry")
    facts = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)[1])
    assert facts["@type"] == "NewsArticle"
    assert facts["headline"] == "</script>Ferry & sons"
    assert facts["author"] == [{"@type": "Organization", "name": "World desk", "url": f"{reader.address}/author/world-desk"}]
    assert f'<link rel="canonical" href="{reader.address}/world/ferry">' in html


def test_the_front_page_tells_machines_how_to_search_and_others_where_they_stand(reader: Reader) -> None:
    publish("ferry", section="world")
    facts = [json.loads(each) for path in ("/", "/world", "/world/ferry") for each in facts_in(reader.text(path))]
    site, section, story, above = facts
    assert site["potentialAction"]["target"]["urlTemplate"] == f"{reader.address}/search?q={{search_term_string}}"
    assert [item["name"] for item in section["itemListElement"]] == [site["name"], "World"]
    assert [item["item"] for item in above["itemListElement"]] == [f"{reader.address}{path}" for path in ("/", "/world", "/world/ferry")]
    assert story["@type"] == "NewsArticle"


def facts_in(html: str) -> list[str]:
    return re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)


def test_a_headline_cannot_carry_markup(reader: Reader) -> None:
    publish("ferry", headline="<img src=x onerror=alert(1)>", by=["<b>desk</b>"])
    for path in ("/", "/world", "/world/ferry"):
        assert "<img src=x" not in reader.text(path)
        assert "<b>" not in reader.text(path)


def test_the_wrong_section_leads_to_the_right_one(reader: Reader) -> None:
    publish("ferry", "world")
    publish("match", "sport")
    answer = reader.get("/sport/ferry")
    assert (answer.status_code, answer.location) == (301, "/world/ferry")


@pytest.mark.parametrize(("state", "ago", "status"), [(LIVE, -HOUR, 404), (DRAFT, HOUR, 404), (SPIKED, HOUR, 404), (TAKEN_DOWN, HOUR, 410)])
def test_what_readers_may_not_see_is_not_there(reader: Reader, state: str, ago: timedelta, status: int) -> None:
    publish("secret", ago=ago, state=state, headline="Secret thing")
    publish("public")
    answer = reader.get("/world/secret")
    assert answer.status_code == status
    assert "Secret thing" not in answer.get_data(as_text=True)
    assert "The Meridian" in answer.get_data(as_text=True)


def test_a_body_shows_its_related_stories_while_they_are_live(reader: Reader) -> None:
    publish("pilots", headline="Why the pilots asked")
    publish("embargoed", headline="Not yet", ago=-HOUR)
    body = '<p>One.</p><div data-related="pilots"></div><p>Two.</p><div data-related="embargoed"></div><div data-related="nobody"></div>'
    publish("ferry", body=body)
    html = reader.text("/world/ferry")
    assert re.search(r"One\. Read next to this\s*Why the pilots asked\s*Two\.", plain(html))
    assert "Not yet" not in html
    assert "data-related" not in html


def test_a_page_is_good_until_a_related_story_goes_live() -> None:
    from newsapp.news.models import Article

    coming = Article(slug="a", state=LIVE, published_at=AT + HOUR)
    assert related.next_change([coming], AT) == AT + HOUR
    assert related.next_change([coming], AT + HOUR) is None


def test_a_story_in_another_language_says_so(reader: Reader) -> None:
    publish("khabar", headline="خبر", language="ar")
    assert re.search(r'<article[^>]* lang="ar" dir="rtl"', reader.text("/world/khabar"))


# Lists


def test_a_section_is_paged_by_twenty(reader_everywhere: Reader) -> None:
    for hours in range(45):
        publish(f"story-{hours:02}", ago=hours * HOUR)
    first, second, third = (reader_everywhere.text(path) for path in ("/world", "/world?page=2", "/world?page=3"))
    assert ("/world/story-19" in first, "/world/story-20" in first, "/world/story-20" in second) == (True, False, True)
    assert 'href="/world?page=2" rel="next"' in first
    assert 'rel="prev"' not in first
    assert 'href="/world" rel="prev"' in second
    assert f'<link rel="canonical" href="{reader_everywhere.address}/world?page=2">' in second
    assert 'rel="next"' not in third
    assert reader_everywhere.get("/world?page=4").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "99999", "２"])
def test_a_page_number_that_is_none_is_not_found(reader: Reader, number: str) -> None:
    publish("ferry")
    assert reader.get(f"/world?page={number}").status_code == 404


def test_tags_and_authors_list_their_stories(reader_everywhere: Reader) -> None:
    publish("ferry", tags=["Shipping"], by=["Harbour desk"])
    publish("match", "sport", by=["Sport desk"])
    for path in ("/tag/shipping", "/author/harbour-desk"):
        html = reader_everywhere.text(path).split("data-most-viewed")[0]
        assert "/world/ferry" in html
        assert "/sport/match" not in html


def test_a_plain_page_shows_its_text(reader: Reader) -> None:
    save(Page(slug="about", title="About us", body="<p>We count.</p>"), Page(slug="draft", title="No", state=DRAFT))
    assert "We count." in reader.text("/about")
    assert reader.get("/draft").status_code == 404


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.slug)
def test_each_window_of_most_viewed_has_a_page_and_a_fragment(reader: Reader, window: Any) -> None:
    publish("ferry")
    assert f"/most-viewed/{window.slug}" in reader.text("/")
    assert "<html" in reader.text(f"/most-viewed/{window.slug}?section=world")
    assert "<html" not in reader.text(f"/most-viewed/{window.slug}?fragment=1")


def test_most_viewed_of_nothing_known_is_not_found(reader: Reader) -> None:
    assert reader.get("/most-viewed/decade").status_code == 404
    assert reader.get("/most-viewed/day?section=nowhere").status_code == 404


def test_how_we_count_names_every_reason_and_window(reader: Reader) -> None:
    said = plain(reader.text("/how-we-count"))
    for reason in REASONS:
        assert reason.help in said, reason.name
    for window in WINDOWS:
        assert window.label in said


def rule_from(hours: int, **parts: Any) -> None:
    """Let a rule hold from a full hour on, counted from this one; far in the past for the first."""
    since = int(now().timestamp()) // 3600 + hours if hours else 0
    with write_unit() as sql:
        sql.execute(view_rule.insert().values(since_hour=since, rule=asdict(Rule(**parts))))


def test_how_we_count_tells_the_rule_in_force_and_the_coming_one(reader_everywhere: Reader) -> None:
    rule_from(0)
    rule_from(-30, slot=60, reload=False, burst=50)
    rule_from(1, slot=60, reload=False, burst=50, unconfirmed=False)
    said = plain(reader_everywhere.text("/how-we-count"))
    assert "again within 60 seconds is one view" in said
    assert "we believe 50 views of a story an hour" in said
    assert "by Back or Forward, counts" in said
    assert "By the rule in force, such views count." in said
    assert re.search(r"It has held since \d+ \w+ \d{4}, \d\d:00", said)
    assert re.search(r"From \d+ \w+ \d{4}, \d\d:00 another rule holds: Views without JavaScript count. Views from before", said)


def test_how_we_count_follows_the_settings(reader: Reader) -> None:
    said = plain(reader.text("/how-we-count"))
    assert "It has held since we began to count" in said
    assert "Single events are kept for 14 days" in said
    assert "thrown away after 48 hours" in said
    assert "half of what is left with every 6 hours" in said
    with writes():
        store.change("site", "events_kept_days", 0, "chief@example.org")
        db.session.commit()
    reader.app.extensions["memory"].pass_on({"settings"})  # as each process is told after a save
    assert "Single events are not kept" in plain(reader.text("/how-we-count"))


def test_how_we_count_tells_the_classes_of_crawlers_and_how_old_the_list_is(reader: Reader) -> None:
    said = plain(reader.text("/how-we-count"))
    assert "AI: A crawler that feeds a language model." in said
    assert re.search(r"published lists \(crawler-user-agents of \d+ \w+ \d{4}, ", said)


# Economy and privacy


@pytest.mark.parametrize("path", ["/", "/world", "/tag/shipping", "/author/world-desk", "/world/story-1", "/most-viewed/day", "/feed.xml"])
def test_no_page_asks_the_database_more_than_eight_times(reader: Reader, path: str) -> None:
    for number in range(30):
        body = '<div data-related="story-2"></div><div data-related="story-3"></div>'
        publish(
            f"story-{number}",
            ("world", "sport", "culture")[number % 3 if number > 3 else 0],
            tags=["Shipping"],
            by=["World desk", "Other desk"],
            body=body,
        )
    memory = reader.app.extensions["memory"]
    for name in ("settings", "site", "hidden", "list:site:day", *(f"list:section-{number}:day" for number in (1, 2, 3))):
        memory.read(name)  # a web process has its copies before it is asked
    with reader.counted() as statements:
        reader.text(path)
    asked = [statement for statement in statements if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"))]
    assert len(asked) <= 8, "\n\n".join(asked)


def test_a_page_depends_on_nothing_that_the_request_carries(reader: Reader) -> None:
    publish("ferry")
    usual = reader.get("/world/ferry")
    other = reader.get("/world/ferry?utm_source=x", Cookie="session=1; theme=dark", **{"Accept-Language": "fr"})
    assert usual.get_data() == other.get_data()
    assert "Set-Cookie" not in usual.headers


# Old addresses and errors


def test_old_addresses_lead_to_the_story(reader: Reader) -> None:
    article_id = publish("ferry")
    save(Redirect(path="/2019/03/ferry-sails", article_id=article_id), Redirect(path="/?p=12", article_id=article_id))
    save(Redirect(path="/world/old-name", target="/world/ferry"))
    for path in ("/2019/03/ferry-sails", "/2019/03/ferry-sails/", "/?p=12", "/?p=12&utm_source=x", "/world/old-name"):
        answer = reader.get(path)
        assert (answer.status_code, answer.location) == (301, "/world/ferry"), path
    assert reader.get("/?p=13").status_code == 404


def test_one_slash_too_many_is_taken_off_and_never_leads_away(reader: Reader) -> None:
    publish("ferry")
    assert reader.get("/world/ferry/").location == "/world/ferry"
    for path in ("//evil.example/", "/\\evil.example/", "///evil.example//"):
        assert re.fullmatch(r"/[^/\\].*", reader.get(path).location or "/x"), path


def test_a_reader_is_told_politely_when_the_database_is_away(reader: Reader) -> None:
    publish("ferry")
    reader.text("/how-we-count")
    db.session.remove()
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE article RENAME TO elsewhere"))
    answer = reader.get("/world/ferry")
    assert answer.status_code == 503
    assert "Something broke on our side" in answer.get_data(as_text=True)
    assert answer.headers["Retry-After"]


# Files


def test_pictures_are_served_for_good_and_nothing_else_is(reader: Reader, config: Config) -> None:
    media: Path = config["NEWSAPP_HOME"] / "media"
    (media / "edition").mkdir(parents=True)
    for name in ("edition/ferry-480.webp", "page.html", "drawing.svg", ".hidden.webp"):
        (media / name).write_bytes(b"RIFF\x02\x80\x03")
    answer = reader.get("/media/edition/ferry-480.webp")
    assert (answer.status_code, answer.content_type, answer.get_data()) == (200, "image/webp", b"RIFF\x02\x80\x03")
    assert {"public", "immutable", "max-age=31536000"} <= set(answer.headers["Cache-Control"].split(", "))
    for path in (
        "/media/page.html",
        "/media/drawing.svg",
        "/media/.hidden.webp",
        "/media/../newsapp.db",
        "/media/%2e%2e/secret_key",
        "/media/edition",
    ):
        assert reader.get(path).status_code == 404, path


def test_browsers_find_the_icon(reader: Reader) -> None:
    assert reader.get("/favicon.ico").get_data()[:4] == b"\0\0\1\0"


def test_addresses_of_the_site_are_reserved(reader: Reader) -> None:
    reserved = reserved_slugs(reader.app.url_map)
    assert {"tag", "author", "most-viewed", "how-we-count", "feed.xml", "media", "static", "beacon", "desk", "sitemap.xml"} <= reserved
    assert not any("<" in slug for slug in reserved)
    assert reserved <= set(RESERVED), "news/slugs.py lacks an address of the site"


# Times in words


@pytest.mark.parametrize(
    ("age", "phrase"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), ""),
    ],
    ids=str,
)
def test_how_long_ago_in_words(age: timedelta, phrase: str) -> None:
    assert dates.ago(AT - age, AT)[0] == phrase


@given(seconds=st.integers(0, 8 * 86400))
def test_a_phrase_changes_exactly_when_it_says(seconds: int) -> None:
    moment = AT - timedelta(seconds=seconds)
    phrase, until = dates.ago(moment, AT)
    if until:
        assert until > AT
        assert dates.ago(moment, until - timedelta(microseconds=1))[0] == phrase
        assert dates.ago(moment, until)[0] != phrase


def test_dates_as_readers_write_them() -> None:
    zone = ZoneInfo("Europe/Paris")
    assert dates.day(AT, zone) == "23 Nov 2026"
    assert dates.long_day(AT, zone) == "Monday 23 November 2026"
    assert dates.clock(AT, zone) == "15:30"
    assert dates.day_or_month(AT, AT, zone) == "Today, 23 November"
    assert dates.day_or_month(AT - timedelta(days=1), AT, zone) == "Yesterday, 22 November"
    assert dates.day_or_month(AT - timedelta(days=30), AT, zone) == "October 2026"
    assert dates.next_midnight(AT, zone) == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_an_unknown_zone_is_utc() -> None:
    assert dates.zone("Atlantis/Capital").key == "UTC"
