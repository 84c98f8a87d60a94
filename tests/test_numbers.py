"""What editors and operators see of the count: an article's numbers, held views and their release, the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, event, text

from newsapp import create_app
from newsapp.config import Config
from newsapp.database import db, now, write_unit
from newsapp.numbers.article import read_numbers
from newsapp.queues import queue
from newsapp.redis import client
from newsapp.traffic.causes import Cause, all_time
from newsapp.traffic.commands import ledger
from newsapp.traffic.days import SITE_ZONE, day_of
from newsapp.traffic.events import BY_AGENT, ENGAGEMENT, PAGEVIEW, SIGNALS, VIEWS, Engagement, Kind, Pageview, code, pack_crawl
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.models import REFERRED, article_views_daily, referrer_host, view_ledger
from newsapp.traffic.referrers import number_of
from newsapp.traffic.releasing import ALL
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import BY_SLUG
from tests.desk import Desk
from tests.newsroom import Newsroom

CAP = 20


@pytest.fixture
def desk(newsroom: Newsroom, config: Config, every_database: str) -> Iterator[Desk]:
    """The newsroom's desk, with an editor signed in."""
    app = create_app(config | {"DATABASE_URL": every_database}, "desk")
    desk = Desk(app, sections=())
    desk.sign_in()
    yield desk
    with app.app_context():
        db.engine.dispose()


def send(newsroom: Newsroom, *packed: bytes, stream: str = VIEWS) -> None:
    for each in packed:
        newsroom.connection.xadd(stream_key(0, stream), {FIELD: each})


def push(newsroom: Newsroom, slug: str, times: int, network: int = 7) -> None:
    """Have one network send views, each by a visitor of its own, while others read other stories."""
    newsroom.read("harbour-fire", readers=3)
    send(newsroom, *(Pageview(newsroom.articles[slug], 10_000 * network + number, network).pack() for number in range(times)))


def unlisted(newsroom: Newsroom, slug: str, times: int) -> None:
    """Have agents that no list knows send views."""
    reason = BY_AGENT["unknown"].code
    send(newsroom, *(Pageview(newsroom.articles[slug], number, number % 500, reason).pack() for number in range(times)))


def address(newsroom: Newsroom, slug: str) -> str:
    return f"/desk/articles/{newsroom.articles[slug]}/numbers"


def seen(html: str) -> str:
    """What is seen of a page: its text with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main", 1)[1]))


# ---- an article's numbers


def test_an_article_shows_its_views_in_every_window_and_by_the_hour(newsroom: Newsroom, desk: Desk) -> None:
    newsroom.read_earlier("court-ruling", hours=30, readers=4)
    newsroom.read("court-ruling", readers=3)
    newsroom.count()
    page = seen(desk.open(address(newsroom, "court-ruling")).text)
    assert "Last hour 3 Last day 3 Last week 7 Last month 7 All time 7" in page
    found = read_numbers(newsroom.articles["court-ruling"], now(), SITE_ZONE.read(), None)
    assert [line.views for line in found.hours if line.views] == [3, 4]
    assert len(found.hours) == 48
    assert sum(line.views for line in found.days) == 7


def test_each_reason_that_occurs_is_a_column_and_bots_are_told_by_class(newsroom: Newsroom, desk: Desk) -> None:
    article = newsroom.articles["court-ruling"]
    newsroom.read("court-ruling", readers=2)
    send(newsroom, *(Pageview(article, 1, 1, reason).pack() for reason in (code("staff"), BY_AGENT["ai"].code, BY_AGENT["search"].code)))
    send(newsroom, Pageview(article, 2, 2, navigation="reload").pack())
    send(newsroom, *[pack_crawl(article, BY_AGENT["ai"].code)] * 5, stream=SIGNALS)
    newsroom.count()
    page = seen(desk.open(address(newsroom, "court-ruling")).text)
    assert "Hour Views Fetched by crawlers Does not count AI Staff Reload Bot: Search Bot: AI" in page
    assert re.search(r"\d\d:\d\d \d+ \w{3} \d{4} 2 5 1 1 1 1 ", page)
    assert "Prefetch" not in page
    for reason in (code("staff"), BY_AGENT["ai"].code):
        assert Cause(1, reason).help in page


def test_an_article_shows_where_readers_came_from(newsroom: Newsroom, desk: Desk) -> None:
    newsroom.read("court-ruling", readers=2)
    for number, referrer in enumerate(("article", "search", "search", *["other"] * 5)):
        host = number_of("ferry-times.example") if referrer == "other" else 0
        send(newsroom, Pageview(newsroom.articles["court-ruling"], 900 + number, 3, referrer=referrer, host=host).pack())
    newsroom.count()
    with write_unit() as sql:
        sql.execute(referrer_host.insert().values(host=number_of("ferry-times.example"), name="ferry-times.example"))
    page = seen(desk.open(address(newsroom, "court-ruling")).text)
    assert "Other sites 5 50 % " in page
    assert "Another story of ours 1 10 % " in page
    assert "ferry-times.example 5 " in page
    assert "10 % were second reads" in page


@pytest.mark.parametrize("referrer", [*REFERRED, "unknown"])
def test_every_kind_of_referrer_has_words(newsroom: Newsroom, desk: Desk, referrer: str) -> None:
    send(newsroom, Pageview(newsroom.articles["court-ruling"], 900, 3, referrer=referrer).pack())
    newsroom.count()
    assert " 1 100 % " in seen(desk.open(address(newsroom, "court-ruling")).text)


def test_an_article_shows_how_it_was_read(newsroom: Newsroom, desk: Desk) -> None:
    article = newsroom.articles["court-ruling"]
    told = [(30, 1, False), (90, 4, True), (60, 2, False), (60, 4, False)]
    send(newsroom, *(Engagement(article, number, number, 0, *visit).pack() for number, visit in enumerate(told)), stream=SIGNALS)
    newsroom.count()
    page = seen(desk.open(address(newsroom, "court-ruling")).text)
    assert re.search(r"Visits that told 4 Average time with it .* 1:00 ", page)
    for line in ("1/4 of the story 4 100 %", "2/4 of the story 3 75 %", "3/4 of the story 2 50 %", "Read to the end 1 25 %"):
        assert line in page


def test_visitors_are_told_by_the_day_and_of_today_while_redis_answers(newsroom: Newsroom, desk: Desk) -> None:
    newsroom.read("court-ruling", readers=6)
    newsroom.count()
    today = day_of(hour_of(now()), SITE_ZONE.read())
    with write_unit() as sql:
        sql.execute(article_views_daily.insert().values(day=today - 3, article_id=newsroom.articles["court-ruling"], views=0, raw=0, uniques=41))
    page = desk.open(address(newsroom, "court-ruling")).text
    rows = re.findall(r'<tr><th scope="row">\d+ \w{3} \d{4}</th>.*?</tr>', page)
    assert len(rows) == 30
    assert '<td class="n">41</td>' in rows[3]
    assert sum('<td class="n">6</td>' in row for row in rows[:2]) == 1  # before 04:00 it is still yesterday's
    desk.app.extensions["redis_desk"] = client("unix:///nowhere/redis.sock", timeout=0.2)
    page = desk.open(address(newsroom, "court-ruling")).text
    assert '<td class="n">6</td>' not in page


def test_an_article_that_nobody_read_has_numbers_too(newsroom: Newsroom, desk: Desk) -> None:
    page = seen(desk.open(address(newsroom, "night-ferry")).text)
    assert "Last hour 0 " in page
    assert "No view yet." in page
    assert desk.open("/desk/articles/999999/numbers").status_code == 404


def test_the_numbers_are_linked_from_the_list_and_from_the_article(newsroom: Newsroom, desk: Desk) -> None:
    for page in ("/desk/", f"/desk/articles/{newsroom.articles['court-ruling']}"):
        assert f'href="{address(newsroom, "court-ruling")}"' in desk.open(page).text


LARGE = ("article_views_hourly", "article_views_daily", "view_ledger", "article_referrers_daily", "article_engagement_daily")


@pytest.mark.parametrize("every_database", ["sqlite"], indirect=True)
def test_no_large_table_is_searched_for_an_article(newsroom: Newsroom) -> None:
    """By the plans that SQLite makes; on PostgreSQL the same keys are asked for."""
    plans: list[str] = []

    def explain(sql: Connection, cursor: object, statement: str, parameters: tuple[object, ...], context: object, many: bool) -> None:
        rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[attr-defined]
        plans.extend(row[3] for row in rows)

    newsroom.read("court-ruling")
    newsroom.count()
    event.listen(db.engine, "after_cursor_execute", explain)
    read_numbers(newsroom.articles["court-ruling"], now(), SITE_ZONE.read(), None)
    with db.engine.connect() as sql:
        all_time(sql, newsroom.articles["court-ruling"])
    event.remove(db.engine, "after_cursor_execute", explain)
    searched = [plan for plan in plans if plan.startswith("SEARCH")]
    assert searched
    assert not [plan for plan in plans if plan.startswith("SCAN") and any(name in plan for name in (*LARGE, " t"))]


# ---- held views


def test_held_views_are_shown_by_article_hour_and_who_held_them(newsroom: Newsroom, desk: Desk) -> None:
    push(newsroom, "night-ferry", 60)
    unlisted(newsroom, "court-ruling", 4)
    newsroom.count()
    page = seen(desk.open("/desk/held").text)
    assert "Night ferry 40 held 40 by 1 network " in page
    assert "One network 0007 More than 20 in the hour" in page
    assert "Court ruling 4 held 4 by agents in no list " in page
    assert "Agents in no list Does not look like a browser" in page


def test_the_list_of_articles_says_that_views_are_held(newsroom: Newsroom, desk: Desk) -> None:
    assert "held back" not in desk.open("/desk/").text
    push(newsroom, "night-ferry", 60)
    newsroom.count()
    assert "40 views of the last 24 hours are held back" in desk.open("/desk/").text


def test_a_released_network_counts_and_the_lists_follow(newsroom: Newsroom, desk: Desk) -> None:
    push(newsroom, "night-ferry", 60)
    newsroom.count()
    assert newsroom.views("night-ferry", BY_SLUG["day"]) == CAP
    answer = desk.send("/desk/held/releases", "/desk/held", hour=hour_of(now()), article=newsroom.articles["night-ferry"], network=7)
    assert answer.status_code == 302
    page = seen(desk.open("/desk/held").text)
    assert "40 views count now" in page
    assert "Nothing is held" in page
    assert re.search(r"40 views Night ferry .* One network editor@newsapp.example", page)
    assert newsroom.ledger()["balance"] == 0
    assert newsroom.ledger()["counted"] == 63


def test_workers_bring_a_release_to_the_lists(newsroom: Newsroom, desk: Desk) -> None:
    from workers import jobs

    push(newsroom, "night-ferry", 60)
    newsroom.count()
    desk.send("/desk/held/releases", "/desk/held", hour=hour_of(now()), article=newsroom.articles["night-ferry"], network=7)
    waiting = queue("desk", newsroom.connection).jobs
    assert [job.func_name for job in waiting] == ["workers.jobs.publish_due"]
    jobs.publish_due()
    assert newsroom.views("night-ferry", BY_SLUG["day"]) == 60
    assert newsroom.most_viewed(BY_SLUG["day"])[0] == "night-ferry"


def test_all_that_is_held_of_an_article_is_released_at_once(newsroom: Newsroom, desk: Desk) -> None:
    push(newsroom, "night-ferry", 60, network=7)
    push(newsroom, "night-ferry", 70, network=8)
    unlisted(newsroom, "night-ferry", 5)
    unlisted(newsroom, "court-ruling", 5)
    newsroom.count()
    held = newsroom.ledger()["filtered"]
    article = newsroom.articles["night-ferry"]
    desk.send(f"/desk/held/articles/{article}/releases", "/desk/held")
    assert held["burst"] > 50
    assert newsroom.ledger()["filtered"] == {"bot": 5}
    assert newsroom.ledger()["balance"] == 0
    desk.open("/desk/held")
    desk.send(f"/desk/held/articles/{article}/releases", "/desk/held")
    assert "Nothing was held there any more" in desk.open("/desk/held").text


def test_agents_that_no_list_knows_are_released(newsroom: Newsroom, desk: Desk) -> None:
    unlisted(newsroom, "court-ruling", 4)
    newsroom.count()
    desk.send("/desk/held/releases", "/desk/held", hour=hour_of(now()), article=newsroom.articles["court-ruling"], network=ALL)
    assert newsroom.ledger()["counted"] == 4
    with db.engine.connect() as sql:
        assert sql.execute(text("SELECT network, events, editor FROM released_views")).one() == (-1, 4, "editor@newsapp.example")


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("operator", 403)])
def test_numbers_and_held_views_are_for_editors(newsroom: Newsroom, desk: Desk, role: str, status: int) -> None:
    desk.browser = desk.app.test_client()
    desk.sign_in(role)
    assert desk.open("/desk/held").status_code == status
    assert desk.open(address(newsroom, "court-ruling")).status_code == status


def test_a_release_that_names_nothing_is_refused(newsroom: Newsroom, desk: Desk) -> None:
    push(newsroom, "night-ferry", 60)
    newsroom.count()
    assert desk.send("/desk/held/releases", "/desk/held", hour="x").status_code == 400
    assert desk.open("/desk/held?span=year").status_code == 404


# ---- the ledger on the command line


@pytest.fixture
def shell(newsroom: Newsroom, config: Config, every_database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell with the newsroom's environment."""
    for name, value in {**config, "DATABASE_URL": every_database}.items():
        if name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL", "LOG_LEVEL"):
            monkeypatch.setenv(name, str(value))
    return CliRunner()


@pytest.fixture
def busy(newsroom: Newsroom) -> Newsroom:
    """A newsroom with views, bots of two classes, an engagement and a crawler's fetch."""
    article = newsroom.articles["court-ruling"]
    newsroom.read("court-ruling", readers=3)
    send(newsroom, *(Pageview(article, 1, 1, BY_AGENT[agent].code).pack() for agent in ("search", "ai", "ai")))
    send(newsroom, Engagement(article, 1, 1, 0, 30, 2, False).pack(), pack_crawl(article, BY_AGENT["ai"].code), stream=SIGNALS)
    newsroom.count()
    return newsroom


def test_the_ledger_shows_both_streams_and_the_classes_of_bots(busy: Newsroom, shell: CliRunner) -> None:
    answer = shell.invoke(ledger)
    views, signals = (re.sub(r" +", " ", part) for part in answer.output.split("\n\n"))
    assert "received 6\ncounted 3\n filtered: bot 3\n search 1\n ai 2\nwaiting 0\nbalance 0" in views
    assert "received 2\ncounted 1\n filtered: bot 1\n ai 1\nwaiting 0\nbalance 0" in signals
    assert answer.exit_code == 0


def test_programs_get_the_five_figures_and_those_of_signals(busy: Newsroom, shell: CliRunner) -> None:
    books = json.loads(shell.invoke(ledger, ["--json"]).output)
    signals = books.pop("signals")
    assert books == {"received": 6, "counted": 3, "filtered": {"bot": 3}, "waiting": 0, "balance": 0}
    assert signals == {"received": 2, "counted": 1, "filtered": {"bot": 1}, "waiting": 0, "balance": 0}


@pytest.mark.parametrize("kind", [PAGEVIEW, ENGAGEMENT])
def test_the_ledger_fails_when_either_stream_is_off(busy: Newsroom, shell: CliRunner, kind: Kind) -> None:
    with write_unit() as sql:
        sql.execute(view_ledger.insert().values(hour=1, kind=kind.code, article_id=1, reason=code("staff"), events=1))
    assert shell.invoke(ledger, ["--json"]).exit_code == 1


def test_the_ledger_of_one_article_is_since_the_first_day(busy: Newsroom, shell: CliRunner) -> None:
    article = busy.articles["court-ruling"]
    with write_unit() as sql:
        sql.execute(article_views_daily.insert().values(day=9000, article_id=article, views=50, raw=60, uniques=0))
        sql.execute(view_ledger.insert().values(hour=9000 * 24, kind=1, article_id=article, reason=code("reload"), events=7))
    report = json.loads(shell.invoke(ledger, ["--article", "court-ruling", "--json"]).output)
    expected = {"views": 53, "filtered": {"reload": 7, "bot": 3}, "bots": {"search": 1, "ai": 2}, "crawls": {"ai": 1}}
    assert report == {"article": "court-ruling", **expected}
    assert "filtered: reload" in shell.invoke(ledger, ["--article", "court-ruling"]).output
    assert "no article 'nowhere'" in shell.invoke(ledger, ["--article", "nowhere"]).output
