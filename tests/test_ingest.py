"""A paper's own app reports views: with a key, each event id once, whatever is sent again and whoever dies."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.test import Client, TestResponse

from newsapp import create_app
from newsapp.cli import cli
from newsapp.config import Config
from newsapp.database import db, now
from newsapp.traffic import keys
from newsapp.traffic.counter import STATES, Turn
from newsapp.traffic.counting import START, Move, cursor_of
from newsapp.traffic.days import SITE_ZONE
from newsapp.traffic.events import INGEST, unpack
from newsapp.traffic.inbox import stream_key
from newsapp.traffic.ingest import MOST_BYTES
from newsapp.traffic.ingest_counting import Ingested, forget_ids
from newsapp.traffic.judging import Judge
from newsapp.traffic.kept import kept_hours
from newsapp.traffic.models import api_key, ingested_view
from newsapp.traffic.recounting import compare, recount, rule_of
from newsapp.traffic.rollback import CHECKED
from newsapp.traffic.rules import KNOWN, parse
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import BY_SLUG
from tests.conftest import Valkey, make_app, wait_for
from tests.newsroom import Newsroom

DAY = BY_SLUG["day"]
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class AppOfThePaper:
    """An app with a key, and the newsroom that counts what it sends."""

    newsroom: Newsroom
    desk: Flask
    key: str
    made: list[int] = field(default_factory=lambda: [0])

    def view(self, slug: str = "harbour-fire", **fields: Any) -> dict[str, Any]:
        """A view of a reader's own, with an id of its own."""
        self.made[0] += 1
        return {"id": f"event-{self.made[0]}", "article": self.newsroom.articles[slug], "visitor": f"reader-{self.made[0]}", **fields}

    def post(self, body: Any, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        given = {"data": body} if isinstance(body, bytes | str) else {"json": body}
        return self.desk.test_client().post("/api/v1/views", headers=headers, **given, **options)

    def send(self, *views: dict[str, Any]) -> TestResponse:
        return self.post({"views": list(views)})

    def send_until_taken(self, *views: dict[str, Any]) -> int:
        """What an app does with a 503. Returns how often it sent."""
        for tries in range(1, 50):
            if self.send(*views).status_code == 202:
                return tries
            time.sleep(0.1)
        raise AssertionError("never taken")

    def books(self) -> dict[str, Any]:
        self.newsroom.count()
        return dict(self.newsroom.ledger())


@pytest.fixture
def paper_app(newsroom: Newsroom) -> Iterator[AppOfThePaper]:
    desk = create_app({name: newsroom.app.config[name] for name in newsroom.app.config if name.isupper()}, "desk")
    yield AppOfThePaper(newsroom, desk, keys.add("ios", now()))
    with desk.app_context():
        db.engine.dispose()


def ago(**span: float) -> str:
    return (now() - timedelta(**span)).isoformat()


def moment_of(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def test_what_an_app_reports_is_received_and_counts(paper_app: AppOfThePaper) -> None:
    paper_app.newsroom.read("night-ferry")
    answer = paper_app.send(*[paper_app.view() for _ in range(3)], paper_app.view("court-ruling", referrer="social"))
    assert (answer.status_code, answer.json) == (202, {"received": 4})
    waiting = paper_app.newsroom.ledger()
    assert (waiting["received"], waiting["waiting"], waiting["balance"]) == (5, 5, 0)
    assert paper_app.books() == {"received": 5, "counted": 5, "filtered": {}, "waiting": 0, "balance": 0}
    assert [paper_app.newsroom.views(slug, DAY) for slug in ("harbour-fire", "court-ruling", "night-ferry")] == [3, 1, 1]
    assert paper_app.newsroom.most_viewed(DAY)[0] == "harbour-fire"


def test_an_id_counts_once_however_often_it_is_sent(paper_app: AppOfThePaper) -> None:
    view = paper_app.view()
    paper_app.send(view, view)
    paper_app.newsroom.count()
    paper_app.send(view)
    assert paper_app.books() == {"received": 3, "counted": 1, "filtered": {"duplicate": 2}, "waiting": 0, "balance": 0}


def test_ids_are_each_apps_own(paper_app: AppOfThePaper) -> None:
    view = paper_app.view()
    paper_app.send(view)
    paper_app.key = keys.add("android", now())
    paper_app.send(view)
    assert paper_app.books()["counted"] == 2


def test_the_view_rule_holds_for_apps(paper_app: AppOfThePaper) -> None:
    newsroom, at = paper_app.newsroom, (hour_of(now()) - 2) * 3600
    moments = [moment_of(at + second) for second in (0, 29, 31)]
    paper_app.send(*[paper_app.view(visitor="one", at=moment) for moment in moments[:1]])
    newsroom.count()
    STATES.clear()  # another worker, with nothing in memory
    paper_app.send(*[paper_app.view(visitor="one", at=moment) for moment in moments[1:]])
    newsroom.spike("night-ferry")
    paper_app.send(paper_app.view("night-ferry"))
    assert paper_app.books() == {"received": 4, "counted": 2, "filtered": {"repeat": 1, "unknown_article": 1}, "waiting": 0, "balance": 0}


def test_an_app_is_one_sender_and_no_burst(paper_app: AppOfThePaper) -> None:
    paper_app.send(*[paper_app.view() for _ in range(400)])
    assert paper_app.books() == {"received": 400, "counted": 400, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_view_counts_in_the_hour_it_happened(paper_app: AppOfThePaper) -> None:
    paper_app.send(paper_app.view(at=ago(hours=3)), paper_app.view(at=ago(seconds=-60)), paper_app.view())
    paper_app.newsroom.count()
    with db.engine.connect() as sql:
        rows = sql.execute(text("SELECT hour, views FROM article_views_hourly ORDER BY hour")).all()
    assert rows[0] == (hour_of(now() - timedelta(hours=3)), 1)
    assert sum(row.views for row in rows[1:]) == 2
    assert rows[-1].hour <= hour_of(now())
    assert paper_app.newsroom.views("harbour-fire", BY_SLUG["hour"]) == 2


def test_a_day_late_it_is_no_longer_in_the_window_of_a_day(paper_app: AppOfThePaper) -> None:
    last_second = (hour_of(now()) - 24) * 3600 + 3599
    paper_app.send(paper_app.view(at=moment_of(last_second)), paper_app.view())
    assert paper_app.books()["counted"] == 2
    assert paper_app.newsroom.views("harbour-fire", BY_SLUG["all"]) == 2
    assert paper_app.newsroom.views("harbour-fire", DAY) == 1


def test_a_recount_of_kept_events_comes_to_the_same(paper_app: AppOfThePaper) -> None:
    newsroom = paper_app.newsroom
    hour = hour_of(now()) - 2
    at = [moment_of(hour * 3600 + second) for second in (0, 10, 40, 45, 70)]
    first = [paper_app.view(visitor="one", at=moment) for moment in at[::-1]]
    many = [paper_app.view("court-ruling", at=at[0]) for _ in range(60)]
    paper_app.send(*first, *many)
    paper_app.send(*first[:2], paper_app.view(visitor="one", at=at[0]))
    newsroom.count()
    paper_app.send(*first)
    books = paper_app.books()
    assert (books["filtered"], books["balance"]) == ({"duplicate": 7, "repeat": 3}, 0)
    assert compare(hour, now()) == 0
    found = recount(hour, rule_of(hour))
    assert found.reasons_after == {"counted": 63, "duplicate": 7, "repeat": 3}
    assert recount(hour, parse("repeat=off")).reasons_after == {"counted": 66, "duplicate": 7}
    assert kept_hours() == [hour]


def test_an_entry_that_cannot_be_read_is_booked_and_passed(paper_app: AppOfThePaper) -> None:
    paper_app.send(paper_app.view())
    paper_app.newsroom.connection.xadd(stream_key(0, INGEST), {b"e": b"0" * 20, b"i": b"too short", b"t": b""})
    paper_app.newsroom.connection.xadd(stream_key(0, INGEST), {b"x": b""})
    assert paper_app.newsroom.ledger()["waiting"] == 3
    assert paper_app.books() == {"received": 3, "counted": 1, "filtered": {"malformed": 2}, "waiting": 0, "balance": 0}


# What is sent again, and who dies


def test_two_workers_with_the_same_entries_count_them_once(paper_app: AppOfThePaper) -> None:
    batch = [paper_app.view() for _ in range(20)]
    paper_app.send(*batch)
    paper_app.send(*batch)
    connection = paper_app.newsroom.connection
    first, second = Turn(0, connection, INGEST), Turn(0, connection, INGEST)
    entries = first.read_after(old := cursor_of("ingest:0"))
    assert first.count(old, entries) == 40
    STATES.clear()
    assert second.count(old, entries) == 0
    assert paper_app.books() == {"received": 40, "counted": 20, "filtered": {"duplicate": 20}, "waiting": 0, "balance": 0}


def test_the_same_ids_in_two_shards_count_once(paper_app: AppOfThePaper) -> None:
    """While SHARDS grows, what an app sent waits in one shard and what it sends again in another."""
    paper_app.newsroom.app.config["SHARDS"] = 2
    connection = paper_app.newsroom.connection
    batch = [paper_app.view() for _ in range(5)]
    paper_app.send(*batch)
    ((_, fields),) = connection.xrange(stream_key(0, INGEST))
    connection.xadd(stream_key(1, INGEST), fields)
    one, other = Turn(0, connection, INGEST), Turn(1, connection, INGEST)
    waiting = other.read_after(cursor_of("ingest:1"))
    batch_of_other, _ = other.line.fold(waiting, other.line.kind)
    judged = Ingested(batch_of_other, Judge(), KNOWN.read(), SITE_ZONE.read())
    assert one.count_waiting() == 5  # between the other's judging and its commit
    assert not other.commit(Move("ingest:1", START, waiting[-1][0].decode(), 1, 5), judged)
    assert other.count_waiting() == 5
    assert paper_app.books() == {"received": 10, "counted": 5, "filtered": {"duplicate": 5}, "waiting": 0, "balance": 0}


def test_batches_sent_five_times_at_once_while_workers_race_and_are_killed_count_once(paper_app: AppOfThePaper) -> None:
    batches = [[paper_app.view() for _ in range(20)] for _ in range(30)]
    config = {name: value for name, value in paper_app.newsroom.app.config.items() if name.isupper()}
    kills = 0
    with ThreadPoolExecutor(5) as pool:
        sent = [pool.submit(paper_app.send_until_taken, *batch) for batch in batches for _ in range(5)]
        while kills < 6 or not all(answer.done() for answer in sent):
            before, workers = cursor_of("ingest:0"), [worker(config) for _ in range(2)]
            wait_for(lambda was=before: cursor_of("ingest:0") != was or all(answer.done() for answer in sent), 30, "a commit")
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                kills += 1
    tries = sum(answer.result() for answer in sent)
    books = paper_app.books()
    assert (books["counted"], books["waiting"], books["balance"]) == (600, 0, 0)
    assert 3000 <= books["received"] <= 20 * tries
    with db.engine.connect() as sql:
        assert sql.scalar(select(func.count()).select_from(ingested_view)) == 1200  # ids, and readers' slots


def worker(config: Config) -> int:
    """A worker process that counts what apps sent until it is killed. Returns its number."""
    if pid := os.fork():
        return pid
    try:
        STATES.clear()
        with create_app(config, "work").app_context():
            while True:
                Turn(0, redis.Redis.from_url(config["REDIS_URL"]), INGEST).count_waiting()
    finally:
        os._exit(1)


def test_ids_are_remembered_for_a_day_and_while_anything_waits(paper_app: AppOfThePaper) -> None:
    view, connection = paper_app.view(), paper_app.newsroom.connection
    paper_app.send(view)
    paper_app.newsroom.count()
    assert forget_ids(connection, now() + timedelta(hours=24)) == 0
    paper_app.send(view)  # waits, however late a worker comes
    assert forget_ids(connection, now() + timedelta(days=3)) == 0
    assert paper_app.books()["filtered"] == {"duplicate": 1}
    assert forget_ids(connection, now() + timedelta(days=3)) == 2
    paper_app.send(view)
    assert paper_app.books()["counted"] == 2


# What is refused


def test_without_a_key_nothing_is_received(paper_app: AppOfThePaper) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer newsapp_wrong"}, {"Authorization": f"Basic {paper_app.key}"}):
        answer = paper_app.post({"views": [paper_app.view()]}, headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="views"')
        assert "newsapp key add" in answer.json["error"]
    keys.revoke("ios", now())
    answer = paper_app.send(paper_app.view())
    assert (answer.status_code, "was revoked" in answer.json["error"]) == (403, True)
    assert paper_app.books()["received"] == 0


BAD_FIELDS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"id": ""}, "id is to be a text of 1 to 100 characters"),
    ({"id": "x" * 101}, "id is to be a text of 1 to 100 characters"),
    ({"id": 7}, "id is to be a text"),
    ({"visitor": "x" * 201}, "visitor is to be a text of 1 to 200 characters"),
    ({"article": "12"}, "article is to be the number of an article"),
    ({"article": True}, "article is to be the number of an article"),
    ({"article": 1 << 32}, "article is to be the number of an article"),
    ({"at": "yesterday"}, "at is to be a moment like"),
    ({"at": 1700000000}, "at is to be a moment like"),
    ({"at": "2026-11-25T09:30:00"}, "at is to be a moment with its zone"),
    ({"at": ago(hours=25)}, "leave it out"),
    ({"at": ago(hours=-1)}, "set the clock right"),
    ({"referrer": "elsewhere"}, "referrer is to be one of unknown, direct"),
    ({"headline": "?"}, "'headline' is no field of a view"),
)


@pytest.mark.parametrize(("fields", "says"), BAD_FIELDS, ids=[f"{next(iter(fields))}: {says}" for fields, says in BAD_FIELDS])
def test_one_bad_view_stops_all_and_is_named(paper_app: AppOfThePaper, fields: dict[str, Any], says: str) -> None:
    answer = paper_app.send(paper_app.view(), paper_app.view(**fields), paper_app.view())
    assert answer.status_code == 422
    ((problem),) = answer.json["views"]
    assert problem["index"] == 1
    assert says in problem["error"]
    assert paper_app.books()["received"] == 0


def test_what_is_no_list_of_views_is_refused(paper_app: AppOfThePaper) -> None:
    one = paper_app.view()
    del one["visitor"]
    assert "visitor is missing" in paper_app.send(one, "?").json["views"][0]["error"]  # type: ignore[arg-type]
    for body in ([], {}, {"views": []}, {"views": "all"}, {"views": [paper_app.view()], "more": 1}):
        assert paper_app.post(body).status_code == 422
    for broken in (b"{", b"\xff", b"[" * 100_000):
        answer = paper_app.post(broken, content_type="application/json")
        assert (answer.status_code, "the body is no JSON" in answer.json["error"]) == (422, True)
    assert paper_app.post(b"id=1").status_code == 415
    assert paper_app.send(*[paper_app.view() for _ in range(1001)]).status_code == 413
    assert paper_app.post(b" " * (MOST_BYTES + 1), content_type="application/json").status_code == 413
    assert paper_app.desk.test_client().get("/api/v1/views").json == {"error": "The method is not allowed for the requested URL."}
    assert paper_app.books()["received"] == 0


def test_one_key_cannot_send_without_end(paper_app: AppOfThePaper) -> None:
    view = paper_app.view()
    answers = [paper_app.send(view) for _ in range(601)]
    assert [answers[0].status_code, answers[-1].status_code] == [202, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    paper_app.key = keys.add("android", now())
    assert paper_app.send(view).status_code == 202


def test_a_redis_that_takes_nothing_is_said_and_sent_again_it_counts(paper_app: AppOfThePaper) -> None:
    view, connection = paper_app.view(), paper_app.newsroom.connection
    limit = connection.config_get("maxmemory")["maxmemory"]
    paper_app.send(paper_app.view())  # the day's key is there
    connection.config_set("maxmemory", 1)
    try:
        answer = paper_app.send(view)
    finally:
        connection.config_set("maxmemory", limit)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "with the same ids" in answer.json["error"]
    wait_for(lambda: paper_app.send(view).status_code == 202, 10, "the inbox to take views again")
    assert paper_app.books()["counted"] == 2


def test_a_redis_that_came_back_empty_hides_no_view(paper_app: AppOfThePaper) -> None:
    paper_app.send(paper_app.view(), paper_app.view())
    paper_app.newsroom.count()
    paper_app.newsroom.connection.delete(stream_key(0, INGEST))
    CHECKED.clear()  # what a restart of the server does
    paper_app.desk.extensions["intake"].inbox.run = ""
    sent = [paper_app.view(), paper_app.view()]
    wait_for(lambda: paper_app.send(*sent).status_code == 202, 10, "the inbox to take views again")
    assert paper_app.books() == {"received": 4, "counted": 4, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_full_inbox_takes_no_more_of_apps(paper_app: AppOfThePaper) -> None:
    paper_app.desk.extensions["intake"].inbox.limit = 1
    paper_app.newsroom.read("night-ferry")
    assert paper_app.send(paper_app.view()).status_code == 503


def test_a_dead_redis_is_an_honest_503(config: Config, valkey: Valkey) -> None:
    desk = make_app(config | {"REDIS_URL": "unix:///nowhere/v.sock"}, "desk")
    with desk.app_context():
        paper = AppOfThePaper.__new__(AppOfThePaper)
        paper.desk, paper.key = desk, keys.add("ios", now())
        answer = paper.post({"views": [{"id": "1", "article": 1, "visitor": "1"}]})
        db.engine.dispose()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# Visitors and keys


def test_a_visitor_is_a_hash_with_the_key_of_the_day_of_the_view(paper_app: AppOfThePaper) -> None:
    paper_app.send(paper_app.view(visitor="one"), paper_app.view(visitor="one", at=ago(hours=23)), paper_app.view(visitor="two"))
    ((_, fields),) = paper_app.newsroom.connection.xrange(stream_key(0, INGEST))
    assert not any(b"one" in value for value in fields.values())
    visitors = unpack(fields[b"e"])["visitor"].tolist()
    assert len(set(visitors)) == 3


def test_a_key_is_shown_once_and_only_its_hash_is_kept(tool: Flask, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NEWSAPP_HOME", "REDIS_URL", "DATABASE_URL"):
        monkeypatch.setenv(name, str(config[name]))
    run = CliRunner().invoke
    made = run(cli, ["key", "add", "ios"])
    found = re.search(r"Bearer (newsapp_\S+)", made.output)
    assert found, made.output
    with db.engine.connect() as sql:
        assert found[1] not in str(sql.execute(select(api_key)).all())
    assert keys.owner(found[1]) == "ios"
    assert "has a key already" in run(cli, ["key", "add", "ios"]).output
    assert "is no name" in run(cli, ["key", "add", "two words"]).output
    assert run(cli, ["key", "revoke", "ios"]).output == "ios is revoked.\n"
    assert "no key ios in use" in run(cli, ["key", "revoke", "ios"]).output
    assert ", revoked " in run(cli, ["key", "list"]).output
    again = run(cli, ["key", "add", "ios"])
    assert found[1] not in again.output
    with pytest.raises(keys.KeyRefused):
        keys.owner(found[1])


def test_the_site_says_where_to_send_it(config: Config, valkey: Valkey) -> None:
    site = make_app(config, "site").extensions["entry"]
    for given, status in (({}, 401), ({"Authorization": f"Bearer {keys.PREFIX}x"}, 421)):
        answer = Client(site).post("/api/v1/views", json={}, base_url=f"http://localhost:{config['PORT']}", headers=given)
        assert answer.status_code == status
        assert f"{config['DESK_URL']}/api/v1/views" in answer.json["error"]
    assert re.search(r"@desk path .* /api/v1/views\n", (ROOT / "compose.yaml").read_text())
