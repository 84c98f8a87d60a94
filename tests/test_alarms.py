"""Alarms: each says why, what readers notice and where to act, and leads to its paragraph of the runbook."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsapp.config import Config
from newsapp.database import db, now
from newsapp.ops import board, reading, runbook
from newsapp.ops.alarms import ALARMS, BY_NAME, DATABASE_SILENT, alarms
from newsapp.ops.figures import Figures, ListAge, QueueFigures, RedisFigures, Turn, WorkerFigures
from newsapp.people.rights import RIGHTS
from newsapp.traffic.overload import Stand
from tests.desk import Desk, desk_of
from tests.machine import a_worker, fail_a_job, man_all_queues

ASKED = ("What it means.", "What readers notice.", "What to do.", "It is over when")


@pytest.fixture
def desk(config: Config) -> Iterator[Desk]:
    """The desk with an operator signed in and every queue worked on."""
    for desk in desk_of(config):
        man_all_queues(desk.app.extensions["redis_desk"])
        desk.sign_in("operator")
        yield desk


@pytest.fixture
def calm(desk: Desk) -> Figures:
    """The figures of a newsapp that keeps all its promises."""
    with desk.app.app_context():
        return reading.read()


def test_each_alarm_has_a_paragraph_and_each_paragraph_an_alarm() -> None:
    assert [title for title, _ in runbook.parts()[1]] == [alarm.title for alarm in (*ALARMS, DATABASE_SILENT)]
    for title, text in runbook.parts()[1]:
        assert re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) == list(ASKED), title


def test_no_command_of_the_runbook_is_made_up() -> None:
    from newsapp.commands import BY_NAME as COMMANDS
    from newsapp.run.parts import PARTS

    text = runbook.FILE.read_text()
    assert {name for name in re.findall(r"`newsapp ([a-z]+)|^ +newsapp ([a-z]+)", text, re.MULTILINE) for name in name if name} <= set(COMMANDS)
    assert set(re.findall(r"newsapp part ([a-z-]+)", text)) <= {part.name for part in PARTS}


def test_each_alarm_leads_to_a_place_that_is_there(desk: Desk) -> None:
    page, watched = desk.open("/desk/ops").text, {endpoint for right in RIGHTS for endpoint in right.endpoints}
    for alarm in ALARMS:
        assert alarm.act.endpoint in watched, alarm.name
        if alarm.act.anchor:
            assert f'id="{alarm.act.anchor}"' in page, alarm.name


def test_an_open_alarm_says_cause_effect_act_and_paragraph(desk: Desk) -> None:
    fail_a_job(desk.app.extensions["redis_desk"])
    page = desk.open("/desk/ops").text
    alarm = page[page.index('id="alarm-jobs-failed"') :].partition("</article>")[0]
    for word in ("A job raised an error", "Effect on readers", BY_NAME["jobs-failed"].effect, "Read the reason of each"):
        assert word in alarm, word
    assert 'href="/desk/ops/failed"' in alarm
    assert 'href="/desk/ops/runbook#jobs-failed"' in alarm
    assert '<h2 id="jobs-failed">Jobs failed</h2>' in desk.open("/desk/ops/runbook").text


def test_the_runbook_at_the_desk_is_whole_and_harmless(desk: Desk) -> None:
    page = desk.open("/desk/ops/runbook").text
    for alarm in ALARMS:
        assert f'<h2 id="{alarm.name}">' in page
        assert f'href="#{alarm.name}"' in page
    assert '<pre tabindex="0"><code>newsapp ledger --json' in page
    assert "<script>" not in runbook.rendered("<script>alert(1)</script>")


def figures_of(calm: Figures, name: str) -> Figures:
    """The figures of a moment in which one thing is wrong."""
    redis = calm.redis
    assert redis
    wrong: dict[str, object] = {
        "redis-silent": {"redis": None, "why_not": "Connection refused"},
        "views-refused": {"stands": (Stand("refused", "disk", 1),)},
        "views-waiting": {"inbox": dataclasses.replace(calm.inbox, oldest=20.0)},
        "turn-late": {"turn_late": 20.0},
        "changes-untold": {"untold": 9.0},
        "lists-old": {"lists": (ListAge("site", "day", 90.0),)},
        "redis-full": {"redis": dataclasses.replace(redis, used=redis.limit * 9 // 10)},
        "redis-forgetful": {"redis": dataclasses.replace(redis, last_write_ok=False)},
        "redis-evicts": {"redis": dataclasses.replace(redis, policy="allkeys-lru", evicted=3)},
        "queue-idle": {"queues": (QueueFigures("count", "", 5, 0, 0),)},
        "worker-silent": {"workers": (WorkerFigures("gone", "count", "busy", 100.0, ""),)},
        "clock-stopped": {"turns": (Turn("tell", 1, 1, 20, False),)},
        "job-late": {"turns": (Turn("merge_days", 1, 1, 5, True),)},
        "jobs-failed": {"queues": (QueueFigures("desk", "", 0, 2, 1),)},
        "books-off": {"books": {"received": 3, "counted": 1, "filtered": {}, "waiting": 1, "balance": 1}},
        "hours-disagree": {"recount_off": 4},
        "alerts-unsent": {"alerts_wait": 900.0, "alerts_error": "nothing listens"},
    }
    return dataclasses.replace(calm, **wrong[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_each_alarm_opens_by_its_own_cause_alone(calm: Figures, alarm: object) -> None:
    name = alarm.name  # type: ignore[attr-defined]
    assert alarms(calm) == []
    raised = alarms(figures_of(calm, name))
    assert [each.alarm.name for each in raised] == [name]
    assert all((raised[0].title, raised[0].cause, raised[0].effect, raised[0].advice))


def test_no_promise_breaks_without_an_alarm(calm: Figures) -> None:
    broken = {tile.title for name in BY_NAME for tile in board.tiles(figures_of(calm, name)) if tile.tone != board.GOOD and tile.word != "Unknown"}
    assert broken == {promise.title for promise in board.PROMISES}


def test_a_quiet_worker_leaves_its_queue_to_nobody(desk: Desk) -> None:
    connection = desk.app.extensions["redis_desk"]
    for key in connection.keys("rq:worker*"):
        connection.delete(key)
    name = a_worker(connection, "count")
    desk.send(f"/desk/ops/workers/{name}/quiet", "/desk/account")
    page = desk.open("/desk/ops").text
    assert "Nobody works on: count, desk, slow" in page
    desk.send(f"/desk/ops/workers/{name}/quiet/removal", "/desk/account")
    assert "Nobody works on: desk, slow" in desk.open("/desk/ops").text


def test_figures_of_redis_are_its_own(calm: Figures) -> None:
    assert isinstance(calm.redis, RedisFigures)
    assert calm.redis.policy == "noeviction"
    assert calm.redis.clients > 0


def test_a_late_job_is_run_by_its_button(desk: Desk) -> None:
    with desk.app.app_context():
        from newsapp.traffic.models import schedule_state

        moment = int((now() - timedelta(hours=1)).timestamp())
        db.session.execute(schedule_state.insert().values(job="publish_lists", through=moment, started=moment, finished=moment))
        db.session.commit()
    desk.app.extensions["periods"] = {"publish_lists": 30}
    assert "Late: publish_lists" in desk.open("/desk/ops").text
    answer = desk.send("/desk/ops/schedule/publish_lists/run", "/desk/ops")
    assert answer.status_code == 302
    asked = desk.app.extensions["redis_desk"].lrange("rq:queue:desk", 0, -1)
    assert len(asked) == 1
    assert desk.send("/desk/ops/schedule/no_such_job/run", "/desk/ops").status_code == 404
