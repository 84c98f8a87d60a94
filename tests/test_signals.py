"""What a reader does beyond opening a story: engagement, where they came from, how many they are, and what is trending."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, text

from newsapp.database import db, now
from newsapp.news import dates
from newsapp.numbers.article import read_numbers
from newsapp.traffic.counter import STATES
from newsapp.traffic.events import COPY, HOST_BITS, REFUSED_COPY, SIGNALS, Copied, Engagement, Kind, Pageview, host_of, late_by, unpack
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.models import (
    article_engagement_daily,
    article_referrers_daily,
    article_views_daily,
    article_views_hourly,
    referrer_host,
    view_ledger,
)
from newsapp.traffic.referrers import domain_of, keep_hosts, number_of
from newsapp.traffic.sums import expire_windows, hour_of
from newsapp.traffic.trend import Trend, lighten, note_half_life, read_trend
from newsapp.traffic.uniques import SITE, keep_uniques, uniques_today
from newsapp.traffic.windows import BY_SLUG
from tests.conftest import Valkey
from tests.newsroom import Newsroom


def engaged(newsroom: Newsroom, slug: str, seconds: int, quarter: int, ended: int, **environ: str) -> int:
    return newsroom.send_kind(slug, f"k=engagement&s={seconds}&q={quarter}&e={ended}&w=0", **environ)


def engagement(newsroom: Newsroom, slug: str) -> dict[str, int]:
    query = select(article_engagement_daily).where(article_engagement_daily.c.article_id == newsroom.articles[slug])
    with db.engine.connect() as sql:
        row = sql.execute(query).one()._asdict()
    return {name: int(value) for name, value in row.items() if name not in ("day", "article_id")}


def test_how_readers_were_with_a_story_is_rolled_up(newsroom: Newsroom) -> None:
    assert engaged(newsroom, "harbour-fire", 40, 4, 1, REMOTE_ADDR="198.18.1.1") == 204
    assert engaged(newsroom, "harbour-fire", 5, 1, 0, REMOTE_ADDR="198.18.2.1") == 204
    newsroom.count()
    expected = {"visits": 2, "seconds": 45, "quarter_1": 2, "quarter_2": 1, "quarter_3": 1, "quarter_4": 1, "ended": 1}
    assert engagement(newsroom, "harbour-fire") == expected
    assert newsroom.ledger(SIGNALS) == {"received": 2, "counted": 2, "filtered": {}, "waiting": 0, "balance": 0}
    assert newsroom.ledger()["received"] == 0  # the books of views know nothing of it


def test_engagement_is_judged_like_a_view(newsroom: Newsroom) -> None:
    engaged(newsroom, "harbour-fire", 40, 4, 1)
    engaged(newsroom, "harbour-fire", 40, 4, 1, HTTP_COOKIE="staff=1")
    engaged(newsroom, "court-ruling", 40, 4, 1, HTTP_USER_AGENT="Googlebot/2.1 (+http://www.google.com/bot.html)")
    newsroom.spike("night-ferry")
    engaged(newsroom, "night-ferry", 40, 4, 1)
    newsroom.count()
    assert newsroom.ledger(SIGNALS)["filtered"] == {"bot": 1, "staff": 1, "unknown_article": 1}
    assert engagement(newsroom, "harbour-fire")["visits"] == 1


def test_who_tells_it_twice_is_heard_once(newsroom: Newsroom) -> None:
    with time_machine.travel(int(time.time()) // 30 * 30 + 5, tick=False):
        for _ in range(3):
            newsroom.connection.xadd(stream_key(0, SIGNALS), {FIELD: engagement_of(newsroom, "harbour-fire")}, id=f"{int(time.time() * 1000)}-*")
        newsroom.count()
    assert newsroom.ledger(SIGNALS)["filtered"] == {"repeat": 2}


def engagement_of(newsroom: Newsroom, slug: str) -> bytes:
    return Engagement(newsroom.articles[slug], 7, 7, 0, 30, 2, False).pack()


@pytest.mark.parametrize("query", ["k=engagement&s=3601", "k=engagement&q=5", "k=crawl", "k=engagement&s=x"])
def test_engagement_that_no_page_of_ours_tells_is_malformed(newsroom: Newsroom, query: str) -> None:
    assert newsroom.send_kind("harbour-fire", query) == 400


def test_signals_wait_in_a_spill_of_their_own(newsroom: Newsroom, valkey: Valkey) -> None:
    valkey.kill()
    engaged(newsroom, "harbour-fire", 30, 2, 0)
    newsroom.read("harbour-fire")
    valkey.start()
    newsroom.beacon.inbox.check(newsroom.connection)
    assert newsroom.ledger(SIGNALS)["waiting"] == 1
    newsroom.count()
    assert engagement(newsroom, "harbour-fire")["seconds"] == 30
    assert [newsroom.ledger(stream)["balance"] for stream in ("views", SIGNALS)] == [0, 0]


# Whether they copied from it


def booked(newsroom: Newsroom, kind: Kind) -> dict[int, int]:
    """What the ledger holds of a kind, by reason."""
    with db.engine.connect() as sql:
        rows = sql.execute(
            select(view_ledger.c.reason, func.sum(view_ledger.c.events)).where(view_ledger.c.kind == kind.code).group_by(view_ledger.c.reason)
        )
        return {reason: int(events) for reason, events in rows}


def test_a_copy_and_a_refused_one_are_counted_by_story_and_kind(newsroom: Newsroom) -> None:
    assert newsroom.send_kind("harbour-fire", "k=copy&w=0", REMOTE_ADDR="198.18.1.1") == 204
    assert newsroom.send_kind("harbour-fire", "k=copy&w=0", REMOTE_ADDR="198.18.2.1") == 204
    assert newsroom.send_kind("harbour-fire", "k=refused_copy&w=0", REMOTE_ADDR="198.18.3.1") == 204
    newsroom.count()
    assert (booked(newsroom, COPY), booked(newsroom, REFUSED_COPY)) == ({0: 2}, {0: 1})
    assert newsroom.ledger(SIGNALS) == {"received": 3, "counted": 3, "filtered": {}, "waiting": 0, "balance": 0}
    assert newsroom.ledger()["received"] == 0
    read = read_numbers(newsroom.articles["harbour-fire"], now(), dates.zone("UTC"), None)
    assert (read.copied, read.refused_copies, read.visits) == (2, 1, 0)
    assert read_numbers(newsroom.articles["night-ferry"], now(), dates.zone("UTC"), None).copied == 0


def test_who_copies_twice_at_once_is_counted_once_and_is_still_heard_when_leaving(newsroom: Newsroom) -> None:
    with time_machine.travel(int(time.time()) // 30 * 30 + 5, tick=False):
        article = newsroom.articles["harbour-fire"]
        told = (
            Copied(article, 7, 7, 0),
            Copied(article, 7, 7, 0),
            Copied(article, 7, 7, 0, REFUSED_COPY),
            Engagement(article, 7, 7, 0, 30, 2, False),
        )
        for each in told:
            newsroom.connection.xadd(stream_key(0, SIGNALS), {FIELD: each.pack()}, id=f"{int(time.time() * 1000)}-*")
            newsroom.count()
            STATES.clear()  # as a worker that takes over after a crash
    assert newsroom.ledger(SIGNALS) == {"received": 4, "counted": 3, "filtered": {"repeat": 1}, "waiting": 0, "balance": 0}
    assert engagement(newsroom, "harbour-fire")["visits"] == 1


def test_a_copy_is_judged_like_a_view(newsroom: Newsroom) -> None:
    newsroom.send_kind("harbour-fire", "k=copy&w=1")
    newsroom.send_kind("harbour-fire", "k=copy&w=0", HTTP_COOKIE="staff=1")
    newsroom.spike("night-ferry")
    newsroom.send_kind("night-ferry", "k=refused_copy&w=0")
    newsroom.count()
    assert newsroom.ledger(SIGNALS)["filtered"] == {"headless": 1, "staff": 1, "unknown_article": 1}
    assert newsroom.ledger(SIGNALS)["balance"] == 0


def test_no_text_fits_into_a_copys_beacon(newsroom: Newsroom) -> None:
    assert newsroom.send_kind("harbour-fire", "k=copy&w=0&text=Flames") == 400


# Where they came from


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("news.example.com", "example.com"),
        ("example.github.io", "example.github.io"),
        ("localhost", ""),
        ("a b.com", ""),
    ],
)
def test_a_host_is_known_by_its_registrable_domain(host: str, domain: str) -> None:
    assert domain_of(host) == domain


@pytest.mark.parametrize(("host", "late"), [(0, 0), (1, 29), ((1 << HOST_BITS) - 1, 17)])
def test_an_event_has_room_for_a_host_and_a_delay(host: int, late: int) -> None:
    events = unpack(Pageview(7, 1, 1, referrer="other", host=host, late=late, pixel=True).pack())
    assert (host_of(events).tolist(), late_by(events).tolist()) == ([host], [late])


def test_referrers_by_class_and_by_host(newsroom: Newsroom) -> None:
    for n, query in enumerate(("r=search", "r=internal", "r=article", "r=other&f=www.bbc.co.uk", "r=other&f=news.bbc.co.uk", "r=direct")):
        assert newsroom.send_kind("harbour-fire", query, REMOTE_ADDR=f"198.18.{n}.1") == 204
    newsroom.beacon.referring.tell(newsroom.connection)
    assert keep_hosts(newsroom.connection) == 1
    newsroom.count()
    with db.engine.connect() as sql:
        hour = sql.execute(select(article_views_hourly)).one()
        host = sql.execute(select(article_referrers_daily.c.host, article_referrers_daily.c.views)).one()
        name = sql.scalar(select(referrer_host.c.name).where(referrer_host.c.host == host.host))
    assert (hour.views, hour.search, hour.internal, hour.article, hour.direct, hour.other, hour.social) == (6, 1, 1, 1, 1, 2, 0)
    assert (host.host, host.views, name) == (number_of("bbc.co.uk"), 2, "bbc.co.uk")


def test_a_view_of_the_format_before_counts(newsroom: Newsroom) -> None:
    old = bytes([1 << 4 | 1, 0, 0b1100 | 1 << 7, 0]) + newsroom.articles["harbour-fire"].to_bytes(4, "little") + bytes(8) + bytes(4)
    newsroom.connection.xadd(stream_key(0), {FIELD: old})
    newsroom.read("harbour-fire")
    newsroom.count()
    assert newsroom.ledger() == {"received": 2, "counted": 1, "filtered": {"unconfirmed": 1}, "waiting": 0, "balance": 0}


# How many they are


def test_unique_visitors_of_a_day(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=40)
    newsroom.read("court-ruling", readers=10)
    for later in (60, 120):
        twice = Pageview(newsroom.articles["night-ferry"], 99, 9).pack()
        newsroom.connection.xadd(stream_key(0), {FIELD: twice}, id=f"{int((time.time() + later) * 1000)}-*")
    newsroom.count()
    today = [uniques_today(newsroom.connection, newsroom.articles[slug], now()) for slug in ("harbour-fire", "court-ruling")]
    assert today == [pytest.approx(40, abs=2), pytest.approx(10, abs=1)]  # an estimate
    assert keep_uniques(newsroom.connection, now()) == 0  # the day is not over
    assert keep_uniques(newsroom.connection, now() + timedelta(days=1)) == 4
    with db.engine.connect() as sql:
        rows = {row.article_id: row.uniques for row in sql.execute(select(article_views_daily))}
    assert rows[newsroom.articles["harbour-fire"]] == today[0]
    assert (rows[newsroom.articles["night-ferry"]], rows[SITE]) == (1, pytest.approx(51, abs=2))
    assert newsroom.connection.keys("news:uniques:*") == []
    assert newsroom.ledger()["counted"] == sum(newsroom.views(slug, window) for slug in newsroom.articles for window in (BY_SLUG["all"],))


def test_visitors_whose_views_were_spilled_are_among_them(newsroom: Newsroom, valkey: Valkey) -> None:
    valkey.kill()
    newsroom.read("harbour-fire", readers=10)
    valkey.start()
    newsroom.count()
    assert uniques_today(newsroom.connection, newsroom.articles["harbour-fire"], now()) == pytest.approx(10, abs=1)


def test_what_is_filtered_is_nobody(newsroom: Newsroom) -> None:
    newsroom.send("harbour-fire", HTTP_COOKIE="staff=1")
    newsroom.count()
    assert uniques_today(newsroom.connection, newsroom.articles["harbour-fire"], now()) == 0


# What is trending


def trends(newsroom: Newsroom) -> dict[int, float]:
    with db.engine.connect() as sql:
        return {row[0]: row[1] for row in sql.execute(text("SELECT article_id, trend FROM article_view_sums"))}


def recounted(trend: Trend) -> dict[int, float]:
    """The same from the rows of the hours."""
    query = select(article_views_hourly.c.article_id, article_views_hourly.c.hour, article_views_hourly.c.views)
    found: dict[int, float] = {}
    with db.engine.connect() as sql:
        for article, hour, views in sql.execute(query):
            found[article] = found.get(article, 0.0) + views * 2 ** trend.weight(hour)
    return found


def test_trending_weighs_a_view_half_after_each_half_life(newsroom: Newsroom) -> None:
    note_half_life(now())
    newsroom.read_earlier("harbour-fire", hours=12, readers=8)
    newsroom.read_earlier("night-ferry", hours=0, readers=3)
    newsroom.count()
    with db.engine.connect() as sql:
        trend = read_trend(sql)
    assert trends(newsroom) == pytest.approx(recounted(trend))
    worth = {article: value / 2 ** trend.weight(hour_of(now())) for article, value in trends(newsroom).items()}
    assert worth[newsroom.articles["harbour-fire"]] == pytest.approx(2, rel=0.1)
    assert worth[newsroom.articles["night-ferry"]] == pytest.approx(3)


def test_another_half_life_bends_the_weight_and_changes_no_old_view(newsroom: Newsroom) -> None:
    note_half_life(now())
    newsroom.read("harbour-fire", readers=4)
    newsroom.count()
    before = trends(newsroom)
    newsroom.decide("trend_half_life", 24)
    assert note_half_life(now())
    assert not note_half_life(now())
    assert trends(newsroom) == before
    with db.engine.connect() as sql:
        trend = read_trend(sql)
    hour = hour_of(now())
    assert trend.weight(hour + 1) - trend.weight(hour) == pytest.approx(1 / 6)
    assert trend.weight(hour + 25) - trend.weight(hour + 1) == pytest.approx(1)


def test_weights_are_made_lighter_before_they_overflow(newsroom: Newsroom) -> None:
    note_half_life(now() - timedelta(hours=6 * 501))
    newsroom.read("harbour-fire", readers=4)
    newsroom.count()
    assert lighten(now())
    assert not lighten(now())
    with db.engine.connect() as sql:
        trend = read_trend(sql)
    assert trends(newsroom) == pytest.approx(recounted(trend))


def test_sums_are_right_however_counting_and_expiry_interleave(newsroom: Newsroom) -> None:
    """An hour leaves its window between the commit of its views and the step that adds them."""
    from newsapp.traffic.counter import Turn

    newsroom.read_earlier("harbour-fire", hours=23.5, readers=3)
    Turn(0, newsroom.connection).count_waiting()
    expire_windows(now() + timedelta(hours=2))
    newsroom.count()
    with db.engine.connect() as sql:
        assert sql.execute(text("SELECT v24h, v7d, vall FROM article_view_sums")).one() == (0, 3, 3)
        assert sql.scalar(select(func.count()).select_from(text("sums_due"))) == 0


def test_a_day_is_the_sites(newsroom: Newsroom) -> None:
    from zoneinfo import ZoneInfo

    from newsapp.traffic.days import day_of, first_hour

    zone = ZoneInfo("Pacific/Auckland")
    hour = int(datetime(2026, 11, 25, 11, tzinfo=UTC).timestamp()) // 3600  # midnight in Auckland
    assert day_of(hour, zone) == day_of(hour - 1, zone) + 1
    assert first_hour(day_of(hour, zone), zone) == hour
