"""Attacks on the list, and the many honest readers of one address."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select, text

from newsapp.database import db, now
from newsapp.traffic.counter import STATES
from newsapp.traffic.events import BY_AGENT, BY_CODE, Events, Pageview, unpack
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.judging import Judge
from newsapp.traffic.models import held_views
from newsapp.traffic.releasing import ALL, held, release
from newsapp.traffic.rules import Rules
from newsapp.traffic.windows import BY_SLUG
from tests.newsroom import Newsroom

DAY = BY_SLUG["day"]
CAP = 20
ATTACKED, ATTACKER = 40, 777


def public(readers: int, seed: int = 1, network: int | None = None) -> list[Pageview]:
    """Honest readers of many networks, or of one, who read what is read."""
    random = np.random.default_rng(seed)
    articles = random.zipf(1.3, readers) % 50 + 1
    networks = random.integers(0, 700, readers) if network is None else np.full(readers, network)
    visitors = random.integers(1, 1 << 62, readers)
    return [Pageview(*map(int, row)) for row in zip(articles, visitors, networks, strict=True)]


def attack(events: int, networks: int = 1) -> list[Pageview]:
    """As many visitors, of one network or some, who want one article only."""
    return [Pageview(ATTACKED, 1_000_000 + n, ATTACKER + n % networks) for n in range(events)]


def mixed(*parts: list[Pageview], seed: int = 2) -> Events:
    together = [view for part in parts for view in part]
    order = np.random.default_rng(seed).permutation(len(together))
    return unpack(b"".join(together[place].pack() for place in order))


def judged(events: Events, at_once: int = 1000) -> list[str]:
    judge, second = Judge(), 1_000_000_800
    reasons: list[int] = []
    for start in range(0, len(events), at_once):
        part = events[start : start + at_once]
        reasons += judge.reasons(part, np.full(len(part), second), np.ones(len(part), bool), Rules()).tolist()
    return [BY_CODE[reason].name if reason else "counted" for reason in reasons]


@pytest.mark.parametrize("networks", [1, 3])
def test_ten_thousand_visitors_of_one_network_are_twenty(networks: int) -> None:
    events = mixed(public(3000), attack(10_000, networks))
    mine = events["network"] >= ATTACKER
    reasons = Counter(reason for reason, attacker in zip(judged(events), mine, strict=True) if attacker)
    assert reasons["counted"] <= CAP * networks
    assert reasons["counted"] + reasons["burst"] == 10_000


def test_an_attack_takes_no_view_from_anybody_else() -> None:
    events = mixed(public(3000), attack(10_000))
    honest = [reason for reason, network in zip(judged(events), events["network"], strict=True) if network < ATTACKER]
    assert honest.count("counted") == 3000


@pytest.mark.parametrize("others", [0, 500, 8000])
def test_two_thousand_readers_of_one_carrier_are_readers(others: int) -> None:
    events = mixed(public(2000, seed=3, network=900), public(others))
    reasons = [reason for reason, network in zip(judged(events), events["network"], strict=True) if network == 900]
    assert reasons.count("counted") > 1980


@pytest.mark.parametrize("at_once", [7, 100, 20_000])
def test_what_is_held_follows_from_what_came_and_not_from_how_it_was_read(at_once: int) -> None:
    events = mixed(public(2000), public(2000, seed=3, network=900), attack(2000))
    assert judged(events, at_once) == judged(events, 500)


def test_a_network_may_have_its_views_again_in_the_next_hour(newsroom: Newsroom) -> None:
    for hours in (2.5, 1.5):
        at = int((time.time() - hours * 3600) * 1000)
        for visitor in range(30):
            packed = Pageview(newsroom.articles["night-ferry"], visitor, 5).pack()
            newsroom.connection.xadd(stream_key(0), {FIELD: packed}, id=f"{at}-*")
        newsroom.connection.xadd(stream_key(0), {FIELD: Pageview(newsroom.articles["harbour-fire"], 1, 6).pack()}, id=f"{at}-*")
    newsroom.count()
    assert newsroom.ledger()["counted"] > 2 * CAP


def attack_now(newsroom: Newsroom, slug: str, visitors: int, first: int = 0) -> None:
    for visitor in range(first, first + visitors):
        packed = Pageview(newsroom.articles[slug], 5000 + visitor, 5).pack()
        newsroom.connection.xadd(stream_key(0), {FIELD: packed})


def readers_elsewhere(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=5)
    newsroom.read("court-ruling", readers=3)


def test_what_is_held_is_in_the_ledger_and_by_network(newsroom: Newsroom) -> None:
    readers_elsewhere(newsroom)
    attack_now(newsroom, "night-ferry", 60)
    newsroom.count()
    books = newsroom.ledger()
    assert books["filtered"] == {"burst": 40}
    assert books["balance"] == 0
    with db.engine.connect() as sql:
        assert sql.execute(select(held_views.c.network, held_views.c.events)).all() == [(5, 40)]


def read_before(newsroom: Newsroom, hours: float) -> None:
    """What others read some hours ago."""
    at = int((time.time() - hours * 3600) * 1000)
    for visitor in range(3):
        packed = Pageview(newsroom.articles["harbour-fire"], visitor, 100 + visitor).pack()
        newsroom.connection.xadd(stream_key(0), {FIELD: packed}, id=f"{at}-*")
    newsroom.count()


def test_an_hour_in_which_nobody_else_reads_is_no_open_door(newsroom: Newsroom) -> None:
    read_before(newsroom, hours=9)
    attack_now(newsroom, "night-ferry", 60)
    newsroom.count()
    assert newsroom.views("night-ferry", DAY) == CAP
    assert newsroom.ledger()["filtered"] == {"burst": 40}


@pytest.mark.parametrize("before", [None, 40])
def test_where_only_one_story_is_read_and_by_one_network_its_readers_count(newsroom: Newsroom, before: float | None) -> None:
    if before:
        read_before(newsroom, before)
    attack_now(newsroom, "night-ferry", 60)
    newsroom.count()
    assert newsroom.views("night-ferry", DAY) == 60


def test_a_worker_that_takes_over_goes_on_holding(newsroom: Newsroom) -> None:
    readers_elsewhere(newsroom)
    attack_now(newsroom, "night-ferry", 15)
    newsroom.count()
    STATES.clear()  # another process: it has the kept events only
    attack_now(newsroom, "night-ferry", 15, first=15)
    newsroom.count()
    assert newsroom.ledger()["filtered"] == {"burst": 10}


def test_an_editor_releases_a_network_and_everything_follows(newsroom: Newsroom) -> None:
    readers_elsewhere(newsroom)
    attack_now(newsroom, "night-ferry", 60)
    newsroom.count()
    (found,) = held(now())
    assert (found.headline, found.reason, found.events) == ("Night ferry", "burst", 40)
    assert release(found.hour, found.article, found.network, "chief@example.org", now()) == 40
    assert release(found.hour, found.article, found.network, "chief@example.org", now()) == 0
    newsroom.count()
    assert newsroom.ledger() == {"received": 68, "counted": 68, "filtered": {}, "waiting": 0, "balance": 0}
    assert [newsroom.views("night-ferry", BY_SLUG[window]) for window in ("hour", "day", "all")] == [60, 60, 60]
    assert newsroom.most_viewed(DAY)[0] == "night-ferry"
    assert held(now()) == []


def test_views_of_an_agent_that_no_list_knows_can_be_released(newsroom: Newsroom) -> None:
    for visitor in range(3):
        packed = Pageview(newsroom.articles["harbour-fire"], visitor, visitor, reason=BY_AGENT["unknown"].code).pack()
        newsroom.connection.xadd(stream_key(0), {FIELD: packed})
    newsroom.count()
    assert newsroom.ledger()["filtered"] == {"bot": 3}
    (found,) = held(now())
    assert (found.reason, found.network) == ("unknown", ALL)
    release(found.hour, found.article, found.network, "chief@example.org", now())
    newsroom.count()
    assert newsroom.views("harbour-fire", DAY) == 3
    assert newsroom.ledger()["balance"] == 0


def test_after_35_days_nothing_can_be_released(newsroom: Newsroom) -> None:
    from newsapp.traffic.releasing import drop_held

    readers_elsewhere(newsroom)
    attack_now(newsroom, "night-ferry", 30)
    newsroom.count()
    drop_held(now() + timedelta(days=34))
    assert len(held(now())) == 1
    drop_held(now() + timedelta(days=36))
    assert held(now()) == []
    with db.engine.connect() as sql:
        assert sql.scalar(text("SELECT SUM(events) FROM view_ledger")) == 10


PAGES = ("harbour-fire", "court-ruling", "treaty-signed")


def background(newsroom: Newsroom) -> None:
    """What others read, in the hour of the attack: each hour is judged by itself."""
    if (left := 3600 - time.time() % 3600) < 60:
        time.sleep(left)
    for slug in PAGES:
        newsroom.read(slug, readers=8)


ATTACKS = {
    "one agent": lambda n: {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"},
    "rotating agents": lambda n: {"HTTP_USER_AGENT": f"Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0"},
    "rotating X-Forwarded-For": lambda n: {"HTTP_X_FORWARDED_FOR": f"198.51.{n % 250}.{n // 250}", "HTTP_ACCEPT_LANGUAGE": f"x-{n}"},
    "a whole /24": lambda n: {"REMOTE_ADDR": f"192.0.2.{n % 254 + 1}", "HTTP_ACCEPT_LANGUAGE": f"x-{n}"},
    "another site": lambda n: {"HTTP_ORIGIN": "https://elsewhere.example", "HTTP_ACCEPT_LANGUAGE": f"x-{n}"},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_ten_thousand_fetches_do_not_move_the_list_by_more_than_the_cap(newsroom: Newsroom, name: str) -> None:
    background(newsroom)
    for n in range(10_000):
        newsroom.send("night-ferry", **{"REMOTE_ADDR": "192.0.2.7", **ATTACKS[name](n)})
    newsroom.count()
    assert newsroom.views("night-ferry", DAY) <= CAP
    assert newsroom.ledger()["balance"] == 0


def test_a_carriers_two_thousand_readers_pass_the_door_and_count(newsroom: Newsroom) -> None:
    random = np.random.default_rng(5)
    slugs = list(newsroom.articles)
    for n in range(2000):
        newsroom.send(slugs[int(random.integers(4))], REMOTE_ADDR="192.0.2.7", HTTP_ACCEPT_LANGUAGE=f"x-{n}")
    newsroom.count()
    assert newsroom.ledger()["counted"] > 1980
