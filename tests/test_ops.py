"""What operators notice: the board says what is kept and what is not, with Redis or without; health and metrics answer who may ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from newsapp.changes import touch
from newsapp.config import Config, networks
from newsapp.database import db, now
from newsapp.news.models import LIVE, Article
from newsapp.ops import alarms, board, reading
from newsapp.ops.figures import InboxFigures
from newsapp.queues import QUEUES, queue
from newsapp.traffic import counter, events, kept, ranking
from newsapp.traffic.events import Pageview
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.models import held_views, recounted_hour, schedule_state, view_ledger
from newsapp.traffic.spill import folder
from tests.conftest import Valkey, make_app
from tests.desk import Desk, desk_of


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    """The desk with an operator signed in."""
    for desk in desk_of(config):
        desk.sign_in("operator")
        yield desk


@pytest.fixture
def lost(config: Config) -> Iterator[Desk]:
    """The same, where Redis does not answer."""
    for desk in desk_of({**config, "REDIS_URL": "unix:///nowhere/redis.sock"}):
        desk.sign_in("operator")
        yield desk


def redis_of(desk: Desk) -> Any:
    return desk.app.extensions["redis_desk"]


def read_story(desk: Desk, times: int = 1, ago: float = 0.0) -> None:
    """Put views of story 1 into the inbox as readers' browsers would have some seconds ago."""
    for visitor in range(times):
        packed = Pageview(1, visitor, visitor % 5000).pack()
        redis_of(desk).xadd(stream_key(0), {FIELD: packed}, id=f"{int((time.time() - ago) * 1000)}-*")


def tile(desk: Desk, title: str) -> board.Tile:
    with desk.app.app_context():
        return next(each for each in board.tiles(reading.read()) if each.title.startswith(title))


def open_alarms(desk: Desk) -> str:
    with desk.app.app_context():
        return "; ".join(alarm.title for alarm in alarms.alarms(reading.read()))


def test_every_promise_has_a_tile_with_a_word(desk: Desk) -> None:
    page = desk.open("/desk/ops").text
    for promise in board.PROMISES:
        assert promise.title.replace("'", "&#39;") in page, promise.title
    with desk.app.app_context():
        assert {each.word for each in board.tiles(reading.read())} <= {"Kept", "At risk", "Broken", "Unknown"}


def test_views_that_wait_too_long_break_the_promise(desk: Desk) -> None:
    assert tile(desk, "Views are counted").word == "Kept"
    read_story(desk, ago=20)
    assert tile(desk, "Views are counted").word == "At risk"
    redis_of(desk).delete(stream_key(0))
    read_story(desk, ago=300)
    assert tile(desk, "Views are counted")[2:6] == ("5", "min", "bad", "Broken")


def test_waiting_views_are_counted_by_counters_not_by_reading(desk: Desk) -> None:
    read_story(desk, times=5)
    with desk.app.app_context():
        found = reading.read()
        assert found.inbox
        assert found.inbox.waiting == 5
        assert found.books
        assert (found.books["received"], found.books["waiting"], found.books["balance"]) == (5, 5, 0)


def test_counted_views_no_longer_wait(desk: Desk) -> None:
    read_story(desk, times=5)
    with desk.app.app_context():
        db.session.add(Article(slug="ferry", headline="Ferry strike ends", section_id=1, state=LIVE, published_at=now()))
        db.session.commit()
        counter.count_shard(0, redis_of(desk), seconds=0.2)
        found = reading.read()
        assert found.inbox == InboxFigures(0, 0.0)
        assert found.books
        assert (found.books["received"], found.books["counted"], found.books["balance"]) == (5, 5, 0)


def test_each_published_list_has_an_age(desk: Desk) -> None:
    with desk.app.app_context():
        ranking.publish_all(redis_of(desk), now() - timedelta(seconds=100))
        ages = reading.read().lists
        assert {age.scope for age in ages} == {"site", "section-1", "section-2"}
        assert all(100 <= age.seconds < 110 for age in ages)
    assert tile(desk, "Most Viewed is fresh").word == "At risk"


def signal(desk: Desk, *packed: bytes) -> None:
    """Put signals into the inbox."""
    for each in packed:
        redis_of(desk).xadd(stream_key(0, events.SIGNALS), {FIELD: each})


def test_the_books_of_signals_are_kept_apart_and_belong_to_the_promise(desk: Desk) -> None:
    signal(desk, events.pack_crawl(1, events.BY_AGENT["ai"].code), events.Engagement(1, 1, 1, 0, 20, 2, False).pack())
    with desk.app.app_context():
        found = reading.read()
        assert found.books
        assert found.signals
        assert (found.books["received"], found.signals["received"], found.signals["waiting"]) == (0, 2, 2)
        db.session.execute(view_ledger.insert().values(hour=1, kind=events.ENGAGEMENT.code, article_id=1, reason=0, events=3))
        db.session.commit()
    reading.BOOKS.kept.clear()
    assert tile(desk, "No view is lost")[2:6] == ("3", "events off", "bad", "Broken")
    assert "The books are off by -3 signals" in open_alarms(desk)
    assert "Signals, since the first day" in desk.open("/desk/ops").text


def compared(desk: Desk, off: int, days_ago: float) -> None:
    """Have an hour counted again some days ago."""
    at = int(now().timestamp() - days_ago * 86400)
    with desk.app.app_context():
        db.session.execute(recounted_hour.insert().values(hour=at // 3600 - 5, rule={}, applied=0, views=100, off=off, at=at))
        db.session.commit()


def test_hours_that_were_counted_again_agree_or_raise_an_alarm(desk: Desk) -> None:
    compared(desk, off=9, days_ago=9)
    assert tile(desk, "Recounted hours agree").word == "Unknown"
    compared(desk, off=0, days_ago=7)
    assert tile(desk, "Recounted hours agree").word == "Kept"
    assert "counted again" not in open_alarms(desk)
    compared(desk, off=4, days_ago=1)
    assert tile(desk, "Recounted hours agree")[2:6] == ("4", "views off", "bad", "Broken")
    assert "Hours counted again differ by 4 views" in open_alarms(desk)
    assert "newsapp_recount_off 4.0" in desk.open("/metrics").text


def test_held_views_and_kept_hours_are_figures(desk: Desk) -> None:
    hour = int(now().timestamp()) // 3600
    (kept.folder(desk.app.config) / str(hour)).mkdir(parents=True)
    with desk.app.app_context():
        db.session.execute(held_views.insert().values(hour=hour, article_id=1, network=5, events=30))
        unknown = events.BY_AGENT["unknown"].code
        db.session.execute(view_ledger.insert().values(hour=hour, kind=events.PAGEVIEW.code, article_id=1, reason=unknown, events=4))
        db.session.commit()
    text = desk.open("/metrics").text
    assert "\nnewsapp_views_held 34.0" in text
    assert "\nnewsapp_kept_hours 1.0" in text
    assert "1 hour</td>" in desk.open("/desk/ops").text


def test_a_change_that_nobody_told_is_noticed(desk: Desk) -> None:
    with desk.app.app_context():
        touch("front")
        db.session.commit()
        assert 0 < reading.read().untold < 5


def test_queues_show_what_waits_what_failed_and_who_works(desk: Desk) -> None:
    jobs = queue("desk", redis_of(desk))
    jobs.enqueue("workers.jobs.nothing_of_that_name")
    SimpleWorker([jobs], connection=redis_of(desk), serializer=JSONSerializer).work(burst=True)
    jobs.enqueue("workers.jobs.tell")
    with desk.app.app_context():
        found = {line.name: line for line in reading.read().queues}
    assert set(found) == {record.name for record in QUEUES}
    assert (found["desk"].waiting, found["desk"].failed) == (1, 1)
    assert "Jobs failed: 1 on desk" in open_alarms(desk)


def test_a_worker_is_listed_with_what_it_does(desk: Desk) -> None:
    worker = SimpleWorker([queue("count", redis_of(desk))], connection=redis_of(desk), serializer=JSONSerializer, name="quiet")
    worker.register_birth()
    with desk.app.app_context():
        assert [(each.name, each.queues) for each in reading.read().workers] == [("quiet", "count")]
    assert "Nobody works on: desk, slow" in open_alarms(desk)
    assert "quiet" in desk.open("/desk/ops").text


def test_the_schedule_shows_what_is_late(desk: Desk) -> None:
    moment = int(now().timestamp())
    with desk.app.app_context():
        db.session.execute(schedule_state.insert().values(job="publish_lists", through=moment - 600, started=moment - 600, finished=moment - 599))
        db.session.commit()
    assert tile(desk, "The clock runs").word == "Broken"
    assert "Late" not in open_alarms(desk)
    desk.app.extensions["periods"] = {"publish_lists": 30}
    assert "Late: publish_lists" in open_alarms(desk)


def test_spilled_views_are_shown_and_alarm_by_their_age(desk: Desk) -> None:
    spill = folder(desk.app.config)
    spill.mkdir()
    fresh = spill / f"{int(time.time())}-1-1.spill"
    fresh.write_bytes(b"\0" * 280)
    assert "280 bytes" in desk.open("/desk/ops").text
    assert "A view has waited" not in open_alarms(desk)
    fresh.rename(spill / f"{int(time.time()) - 300}-1-1.spill")
    assert "A view has waited 5 min to be counted" in open_alarms(desk)
    assert tile(desk, "Views are counted")[2:6] == ("5", "min", "bad", "Broken")


def test_the_fragment_is_sent_again_only_when_something_moved(desk: Desk) -> None:
    answer = desk.open("/desk/ops/now")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Promises" in answer.text
    for _ in range(5):  # memory and ages move by themselves now and then
        tag = desk.open("/desk/ops/now").headers["ETag"]
        again = desk.browser.get("/desk/ops/now", headers={"If-None-Match": tag})
        if again.status_code == 304:
            return
    pytest.fail("nothing moved, and all of it was sent again")


def test_without_redis_the_board_stands_within_a_second_and_says_so(lost: Desk) -> None:
    began = time.monotonic()
    page = lost.open("/desk/ops").text
    assert time.monotonic() - began < 1
    assert "Redis does not answer" in page
    assert "Unknown" in page


def test_with_a_silent_redis_the_board_stands_within_a_second_too(config: Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Valkey(tmp_path_factory.mktemp("silent")).start()
    try:
        for desk in desk_of({**config, "REDIS_URL": server.url}):
            desk.sign_in("operator")
            desk.open("/desk/ops")
            server.process.send_signal(19)  # type: ignore[union-attr] # SIGSTOP
            began = time.monotonic()
            page = desk.open("/desk/ops").text
            assert time.monotonic() - began < 1
            assert "Redis does not answer" in page
    finally:
        server.process.send_signal(18)  # type: ignore[union-attr] # SIGCONT
        server.kill()


# ---- health and metrics


def test_a_living_process_says_ok(desk: Desk) -> None:
    assert desk.open("/livez").text == "ok\n"


def test_a_process_with_its_database_is_ready(desk: Desk) -> None:
    answer = desk.open("/readyz")
    assert (answer.status_code, answer.json) == (200, {"database": "ok", "redis": "ok"})


def test_a_process_without_redis_is_ready_and_says_that_it_is_degraded(lost: Desk) -> None:
    answer = lost.open("/readyz")
    assert answer.status_code == 200
    assert answer.json
    assert answer.json["redis"].startswith("degraded")


def test_a_process_without_its_tables_is_not_ready(desk: Desk) -> None:
    with desk.app.app_context():
        db.drop_all()
    answer = desk.open("/readyz")
    assert answer.status_code == 503
    assert json.loads(answer.text)["database"].startswith("no such table")


NAMES = (
    "newsapp_events_received_total", "newsapp_events_counted_total", "newsapp_inbox_entries", "newsapp_inbox_oldest_seconds",
    'newsapp_list_age_seconds{scope="site",window="day"}', 'newsapp_queue_depth{queue="count"}', "newsapp_workers", "newsapp_spill_bytes",
    "newsapp_signals_received_total", "newsapp_signals_counted_total", "newsapp_signals_balance", "newsapp_views_held", "newsapp_kept_hours",
    "newsapp_spill_oldest_seconds", "newsapp_balance", 'newsapp_events_refused_total{reason="forged"}', "newsapp_redis_up 1.0",
)  # fmt: skip


def test_metrics_name_every_figure(desk: Desk) -> None:
    from newsapp.ops.metrics import REFUSED

    REFUSED.labels("forged").inc()
    with desk.app.app_context():
        ranking.publish_all(redis_of(desk), now())
    text = desk.open("/metrics").text
    for name in NAMES:
        assert f"\n{name}" in text, name


def test_filtered_views_are_told_by_reason(desk: Desk) -> None:
    redis_of(desk).xadd(stream_key(0), {FIELD: Pageview(1, 1, 1, events.code("bot")).pack()})
    with desk.app.app_context():
        counter.count_shard(0, redis_of(desk), seconds=0.2)
    assert 'newsapp_events_filtered_total{reason="bot"} 1.0' in desk.open("/metrics").text


def test_what_is_not_known_without_redis_is_left_out(lost: Desk) -> None:
    text = lost.open("/metrics").text
    assert "newsapp_redis_up 0.0" in text
    assert "newsapp_inbox_entries" not in text


@pytest.mark.parametrize(("remote", "forwarded", "trusted", "status"), [
    ("127.0.0.1", None, "", 200),
    ("203.0.113.9", None, "", 403),
    ("127.0.0.1", "203.0.113.9", "", 403),
    ("127.0.0.1", "127.0.0.1", "", 403),
    ("127.0.0.1", "203.0.113.9", "127.0.0.0/8", 403),
    ("10.0.0.2", "127.0.0.1", "10.0.0.0/8", 200),
])  # fmt: skip
def test_metrics_are_for_those_who_may_read_them(config: Config, remote: str, forwarded: str | None, trusted: str, status: int) -> None:
    app = make_app({**config, "TRUSTED_PROXIES": networks(trusted)}, "desk")
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": remote}).status_code == status
