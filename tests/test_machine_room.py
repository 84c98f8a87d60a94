"""What operators do on the board: failed jobs, workers, the history; and that looking at it costs little, however much has failed."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from newsapp import create_app
from newsapp.config import Config
from newsapp.database import db, now
from newsapp.ops import failed, reading, slow_queries, timings, worker_notes
from newsapp.ops.slow_queries import SlowQueries
from newsapp.queues import queue
from tests.conftest import Valkey, wait_for
from tests.desk import Desk, desk_of
from tests.machine import a_worker, fail_a_job, many_failed
from workers.__main__ import InProcess
from workers.ticker import Ticker

GOAL = 0.05  # seconds that the board may cost with 200,000 failed jobs; a busy machine may take five times as long
MANY = 200_000


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    """The desk with an operator signed in."""
    for desk in desk_of(config):
        desk.sign_in("operator")
        yield desk


def redis_of(desk: Desk) -> Any:
    return desk.app.extensions["redis_desk"]


def waiting(desk: Desk, name: str = "desk") -> list[str]:
    return list(queue(name, redis_of(desk)).job_ids)


def worked(desk: Desk, name: str = "desk") -> InProcess:
    """Have a worker of ours do what waits on a queue."""
    app = create_app({name: desk.app.config[name] for name in desk.app.config if name.isupper()}, "work")
    InProcess.app, InProcess.notes = app, redis_of(desk)
    worker = InProcess([queue(name, redis_of(desk))], connection=redis_of(desk), serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")
    with app.app_context():
        db.engine.dispose()
    return worker


# ---- failed jobs


def test_a_failed_job_says_what_it_was_and_why(desk: Desk) -> None:
    job = fail_a_job(redis_of(desk), "desk", "no_such_thing", 7, "<b>bold</b>")
    page = desk.open("/desk/ops/failed").text
    assert "no such thing" in page
    assert "7, &lt;b&gt;bold&lt;/b&gt;" in page
    assert re.search(r'class="failed__why"[^>]*>[^<]*(AttributeError|ValueError)[^<]*no_such_thing', page)
    assert "Traceback (most recent call last)" in page
    assert job in page


def test_chosen_jobs_are_asked_for_again_or_forgotten(desk: Desk) -> None:
    first, second, third = (fail_a_job(redis_of(desk)) for _ in range(3))
    answer = desk.send("/desk/ops/failed/requeue", "/desk/ops/failed", queue="desk", job=[first, second])
    assert answer.status_code == 302
    assert "2 jobs requeued" in desk.open(answer.location).text
    assert sorted(waiting(desk)) == sorted([first, second])
    desk.send("/desk/ops/failed/deletion", "/desk/ops/failed", queue="desk", job=third)
    assert failed.count("desk", redis_of(desk)) == 0
    assert not redis_of(desk).exists(f"rq:job:{third}")


def test_what_is_gone_meanwhile_is_told_and_nothing_else_happens(desk: Desk) -> None:
    job = fail_a_job(redis_of(desk))
    lost = fail_a_job(redis_of(desk))
    redis_of(desk).delete(f"rq:job:{lost}")
    assert "forgotten by Redis" in desk.open("/desk/ops/failed").text
    answer = desk.send("/desk/ops/failed/requeue", "/desk/ops/failed", queue="desk", job=[job, "never-was"])
    assert "1 job requeued. 1 had gone meanwhile." in desk.open(answer.location).text
    desk.send("/desk/ops/failed/deletion", "/desk/ops/failed", queue="desk", job=lost)
    assert failed.count("desk", redis_of(desk)) == 0


def test_all_of_a_queue_are_deleted_or_requeued_by_a_worker(desk: Desk) -> None:
    many_failed(redis_of(desk), 1203)
    answer = desk.send("/desk/ops/failed/all", "/desk/ops/failed", queue="desk", action="delete")
    assert "will delete all 1,204 failed jobs" in desk.open(answer.location).text
    worked(desk, "slow")
    assert failed.count("desk", redis_of(desk)) == 0
    assert redis_of(desk).keys("rq:job:many-*") == []
    again = [fail_a_job(redis_of(desk)) for _ in range(2)]
    desk.send("/desk/ops/failed/all", "/desk/ops/failed", queue="desk", action="requeue")
    worked(desk, "slow")
    assert sorted(waiting(desk)) == sorted(again)


def test_nothing_is_done_by_a_link_or_without_the_pages_token(desk: Desk) -> None:
    job = fail_a_job(redis_of(desk))
    for path in ("failed/requeue", "failed/deletion", "failed/all", "workers/x/stop", "workers/x/quiet", "schedule/tell/run"):
        assert desk.open(f"/desk/ops/{path}").status_code in (302, 404), path
        assert desk.browser.post(f"/desk/ops/{path}", data={"queue": "desk", "job": job, "action": "delete"}).status_code >= 400, path
    assert failed.count("desk", redis_of(desk)) == 1


@pytest.mark.parametrize("path", ["/desk/ops/failed?queue=nothing", "/desk/ops/history?days=8"])
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    assert desk.open(path).status_code == 404


def test_failed_jobs_come_by_the_page(desk: Desk) -> None:
    many_failed(redis_of(desk), 60)
    found = [re.findall(r'name="job" value="([^"]+)"', desk.open(f"/desk/ops/failed?queue=desk&page={number}").text) for number in (1, 2, 3)]
    assert [len(ids) for ids in found] == [25, 25, 11]
    assert len({job for ids in found for job in ids}) == 61
    assert 'rel="next"' not in desk.open("/desk/ops/failed?queue=desk&page=3").text


# ---- who may


def test_a_viewer_sees_all_and_does_nothing(desk: Desk) -> None:
    job, worker = fail_a_job(redis_of(desk)), a_worker(redis_of(desk))
    desk.send("/desk/sign-out", "/desk/account")
    desk.sign_in("viewer")
    for path in ("", "/now", "/failed", "/history", "/doctor", "/runbook"):
        page = desk.open(f"/desk/ops{path}")
        assert page.status_code == 200, path
        assert "formaction" not in page.text, path
    for path in ("failed/requeue", "failed/deletion", "failed/all", f"workers/{worker}/stop", f"workers/{worker}/quiet", "schedule/tell/run"):
        assert desk.send(f"/desk/ops/{path}", "/desk/account", queue="desk", job=job, action="delete").status_code == 403, path


def test_an_editor_is_shown_none_of_it(desk: Desk) -> None:
    desk.send("/desk/sign-out", "/desk/account")
    desk.sign_in("deputy")
    for path in ("", "/failed", "/history", "/doctor", "/runbook"):
        assert desk.open(f"/desk/ops{path}").status_code == 403, path


# ---- workers


def test_a_worker_stops_when_it_is_told_to(config: Config, desk: Desk) -> None:
    import subprocess
    import sys

    from tests.home import ROOT

    environment = {"NEWSAPP_HOME": str(config["NEWSAPP_HOME"]), "REDIS_URL": config["REDIS_URL"], "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "workers", "desk"], cwd=ROOT, env=environment)
    try:
        worker = wait_for(lambda: workers_of(desk), 30, "the worker to be heard")[0]
        wait_for(lambda: workers_of(desk)[0].memory > 10 << 20, 20, "the worker to say what memory it has")
        page = desk.open("/desk/ops").text
        assert f'formaction="/desk/ops/workers/{worker.name}/stop"' in page
        time.sleep(1)  # it listens for commands a moment after it is heard
        desk.send(f"/desk/ops/workers/{worker.name}/stop", "/desk/ops")
        assert process.wait(30) == 0
        assert desk.send(f"/desk/ops/workers/{worker.name}/stop", "/desk/ops").status_code == 404
    finally:
        process.kill()


def workers_of(desk: Desk) -> Any:
    with desk.app.app_context():
        return reading.read().workers


def test_a_quiet_worker_takes_no_job_until_it_is_woken(desk: Desk) -> None:
    app = create_app({name: desk.app.config[name] for name in desk.app.config if name.isupper()}, "work")
    InProcess.app, InProcess.notes = app, redis_of(desk)
    worker = InProcess([queue("desk", redis_of(desk))], connection=redis_of(desk), serializer=JSONSerializer, name="soft")
    worker_notes.quiet(redis_of(desk), "soft")
    passed = threading.Event()

    def suspended() -> None:
        worker.check_for_suspension(False)
        passed.set()

    worker.register_birth()
    threading.Thread(target=suspended, daemon=True).start()
    assert not passed.wait(2)
    assert "Quiet" in desk.open("/desk/ops").text
    desk.send("/desk/ops/workers/soft/quiet/removal", "/desk/ops")
    assert passed.wait(5)


def test_a_ticker_tells_of_its_worker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app({name: desk.app.config[name] for name in desk.app.config if name.isupper()}, "work")
    monkeypatch.setattr("workers.ticker.time.time", lambda: 1_000_000.0)
    with app.app_context():
        Ticker(app, "soft").tick()
        assert worker_notes.read(redis_of(desk), ["soft"])["soft"].memory > 10 << 20
        db.engine.dispose()


def test_a_worker_that_was_killed_takes_no_jobs_within_a_minute_though_its_list_still_has_it(desk: Desk) -> None:
    connection, name = redis_of(desk), a_worker(redis_of(desk), "slow")
    long_ago = now() - timedelta(seconds=reading.MISSED + 5)
    connection.hset(f"rq:worker:{name}", "last_heartbeat", long_ago.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert takers_of(desk, "slow") == 0
    worker_notes.tell(connection, name)  # a long job keeps it from RQ's heartbeat, not from its own
    assert takers_of(desk, "slow") == 1


def takers_of(desk: Desk, queue_name: str) -> int:
    with desk.app.app_context():
        return next(line.workers for line in reading.read().queues if line.name == queue_name)


# ---- how jobs do


def test_the_ring_says_how_long_half_and_nearly_all_runs_took(desk: Desk) -> None:
    for took in range(1, 101):
        timings.note(redis_of(desk), "desk", "tell", took / 100, True, now())
    [times] = timings.read(redis_of(desk), now())
    assert (times.job, times.queue, times.runs) == ("tell", "desk", timings.RING)
    latest = [took / 100 for took in range(101 - timings.RING, 101)]
    assert times.median == pytest.approx(latest[len(latest) // 2], abs=0.01)
    assert times.high == pytest.approx(latest[int(len(latest) * 0.95)], abs=0.01)
    assert ">p95<" in desk.open("/desk/ops").text


def test_work_leaves_a_ring_a_rate_and_a_history(desk: Desk) -> None:
    jobs, began = queue("desk", redis_of(desk)), now()
    jobs.enqueue("workers.jobs.tell")
    jobs.enqueue("workers.jobs.nothing_of_that_name")
    jobs.enqueue("workers.periodic.run", "forget_ids")
    worked(desk)
    assert {each.job for each in timings.read(redis_of(desk), now())} == {"tell", "nothing_of_that_name", "forget_ids"}
    [day] = timings.history(redis_of(desk), now(), 7, ("count", "desk"))
    assert (day.queue, day.done, day.failed) == ("desk", 2, 1)
    page = desk.open("/desk/ops/history").text
    assert f"{now():%Y-%m-%d}" in page
    assert max(rate_after(desk, began), rate_after(desk, now())) in (2, 3)  # a minute may have passed between them


def rate_after(desk: Desk, at: datetime) -> float:
    """Jobs of the desk's queue in the minute of that moment."""
    with desk.app.app_context():
        lines = reading.lines(redis_of(desk), at + timedelta(seconds=60), ())
    return {line.name: line.rate for line in lines}["desk"]


def test_the_oldest_job_of_a_queue_has_an_age(desk: Desk) -> None:
    job = Queue("desk", connection=redis_of(desk), serializer=JSONSerializer).enqueue("workers.jobs.tell")
    redis_of(desk).hset(f"rq:job:{job.id}", "enqueued_at", f"{now() - timedelta(seconds=90):%Y-%m-%dT%H:%M:%S.%fZ}")
    with desk.app.app_context():
        oldest = {line.name: line.oldest for line in reading.read().queues}
    assert 90 <= oldest["desk"] < 100
    assert oldest["count"] == 0
    assert "Behind" in desk.open("/desk/ops").text or "Nobody" in desk.open("/desk/ops").text


def test_a_slow_query_is_shown_without_its_values(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_queries, "SLOW", 0.0)
    with desk.app.app_context(), db.engine.connect() as connection:
        queries = SlowQueries(redis_of(desk), "desk")
        queries.listen(db.engine)

        def is_told() -> bool:
            """One is told at a time: those that come meanwhile are not."""
            connection.exec_driver_sql("SELECT slug FROM section WHERE name = ?", ("a private word",))
            return any(b"FROM section WHERE name" in line for line in redis_of(desk).lrange(slow_queries.KEY, 0, 0))

        wait_for(is_told, 10, "the query to be told")
    monkeypatch.setattr(slow_queries, "SLOW", 10.0)
    page = desk.open("/desk/ops").text
    assert "SELECT slug FROM section WHERE name = ?" in page
    assert "a private word" not in page


def test_copies_are_shown_with_their_revisions_or_as_missing(desk: Desk) -> None:
    from newsapp.delivery.shelf import BY_NAME

    with desk.app.app_context():
        BY_NAME["settings"].refresh(redis_of(desk))
        found = {copy.name: copy.revision for copy in reading.read().copies}
    assert found == {"settings": 0, "site": None, "hidden": None}


# ---- what it costs


def test_the_board_costs_little_with_200_000_failed_jobs(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Valkey(tmp_path_factory.mktemp("full")).start(memory=1 << 30)
    try:
        desk.app.config["REDIS_URL"] = server.url
        desk.app.extensions["redis_desk"] = connection = server.client()
        connection.config_set("appendfsync", "no")
        many_failed(connection, MANY)
        for path in ("/desk/ops/now", "/desk/ops/failed?queue=desk", f"/desk/ops/failed?queue=desk&page={MANY // 50}"):
            assert "200,00" in desk.open(path).text
            took = min(timed(desk, path) for _ in range(5))
            print(f"{path}: {took * 1000:.1f} ms")
            assert took < 5 * GOAL, path
    finally:
        server.kill()


def timed(desk: Desk, path: str) -> float:
    began = time.perf_counter()
    assert desk.open(path).status_code == 200
    return time.perf_counter() - began
