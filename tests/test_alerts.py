"""Alerts: told once when an alarm holds, once when it is over, whoever looks, dies, or does not take them."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, create_engine, make_url, text

from newsapp import create_app
from newsapp.changes import tell
from newsapp.config import Config, networks
from newsapp.database import db, now, write_unit, writes
from newsapp.news.models import LIVE, Article, Section
from newsapp.ops import alerts, outage, watcher
from newsapp.ops.models import alert, open_alarm
from newsapp.redis import RedisError, client
from newsapp.settings.store import SETTINGS_COPY, change
from newsapp.traffic import counter
from newsapp.traffic.events import Pageview
from newsapp.traffic.inbox import FIELD, stream_key
from newsapp.traffic.webhook import SIGNATURE, signature
from tests.conftest import make_app
from tests.letterbox import Letterbox, letterbox
from tests.machine import fail_a_job, man_all_queues
from tests.test_webhook import Receiver

SECRET = "between us"
HOLDS = 30  # seconds, as the setting has it


class Machine:
    """Worker processes that look for alarms, at moments of their own."""

    def __init__(self, config: Config, app: Flask) -> None:
        self.config, self.app, self.at = config, app, now().replace(microsecond=0)
        self.redis: Any = app.extensions["redis_desk"]

    def look(self, seconds: float = 0, app: Flask | None = None) -> bool:
        """Have a process look, so many seconds later."""
        self.at += timedelta(seconds=seconds)
        return looked(app or self.app, self.at)

    def look_for(self, seconds: int) -> None:
        """Have one look every 10 s."""
        for _ in range(seconds // 10):
            self.look(10)

    def anew(self) -> Flask:
        """Another process of the same installation."""
        return create_app(self.config, "work")

    def repair(self) -> None:
        for key in self.redis.keys("rq:failed:*"):
            self.redis.delete(key)


def looked(app: Flask, at: datetime) -> bool:
    with app.app_context():
        return alerts.watch(at)


@pytest.fixture
def box() -> Iterator[Letterbox]:
    with letterbox() as box:
        yield box


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def machine(config: Config, every_database: str, box: Letterbox, receiver: Receiver) -> Iterator[Machine]:
    """All is well there, and somebody is told when it is not."""
    mine = {
        **config, "DATABASE_URL": every_database, "SMTP_URL": box.url, "MAIL_FROM": "desk@newsapp.example",
        "WEBHOOK_ALLOW": networks("127.0.0.0/8"), "SITE_URL": "https://news.example.org",
    }  # fmt: skip
    app = make_app(mine, "work")
    with app.app_context(), writes():
        for name, value in (("alert_email", "night@newsapp.example"), ("alert_webhook", receiver.address), ("alert_secret", SECRET)):
            change("site", name, value, "x")
        db.session.commit()
    machine = Machine(mine, app)
    with app.app_context():
        tell(machine.redis)
    man_all_queues(machine.redis)
    yield machine
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def subjects(box: Letterbox) -> list[str]:
    return [subject for _, subject, _ in box.letters]


def events(receiver: Receiver) -> list[str]:
    return [json.loads(body)["id"].rpartition("-")[2] for _, _, body in receiver.got]


def test_it_is_told_once_when_it_holds_and_once_when_it_is_over(machine: Machine, box: Letterbox, receiver: Receiver) -> None:
    machine.look()
    fail_a_job(machine.redis)
    machine.look(10)
    machine.look(HOLDS - 10)
    assert box.letters == [], "it has not held yet"
    machine.look_for(60)
    assert subjects(box) == ["[news.example.org] Jobs failed: 1 on desk"]
    to, _, text = box.letters[0]
    assert to == "night@newsapp.example"
    for word in ("A job raised an error", "Effect: Mostly none", "What to do: Read the reason", "/desk/ops/runbook#jobs-failed"):
        assert word in text, word
    assert events(receiver) == ["began"]
    machine.repair()
    machine.look_for(alerts.CALM)
    assert len(box.letters) == 1, "it may come back"
    machine.look_for(60)
    assert subjects(box)[1:] == ["[news.example.org] Over: Jobs failed: 1 on desk"]
    assert events(receiver) == ["began", "over"]
    machine.look_for(60)
    assert len(box.letters) == len(receiver.got) == 2


def test_the_webhook_is_signed_and_says_all(machine: Machine, receiver: Receiver) -> None:
    machine.look()
    fail_a_job(machine.redis)
    machine.look_for(50)
    _, headers, body = receiver.got[0]
    assert headers[SIGNATURE] == signature(SECRET, body)
    said = json.loads(body)
    assert (said["event"], said["alarm"], said["severity"]) == ("alarm_began", "jobs-failed", "warn")
    assert said["runbook"].endswith("/desk/ops/runbook#jobs-failed")
    assert all(said[name] for name in ("cause", "effect", "advice", "since", "at", "board", "title"))


def test_what_mends_itself_soon_is_told_to_nobody(machine: Machine, box: Letterbox) -> None:
    fail_a_job(machine.redis)
    machine.look()
    machine.look(20)
    machine.repair()
    machine.look_for(200)
    assert box.letters == []


def test_what_comes_and_goes_is_one_alarm(machine: Machine, box: Letterbox) -> None:
    fail_a_job(machine.redis)
    machine.look_for(50)
    for _ in range(3):
        machine.repair()
        machine.look_for(30)
        fail_a_job(machine.redis)
        machine.look_for(30)
    assert len(box.letters) == 1


def test_of_many_processes_that_look_at_once_one_tells(machine: Machine, box: Letterbox, receiver: Receiver) -> None:
    processes = [machine.anew() for _ in range(4)]
    fail_a_job(machine.redis)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(12):
            machine.at += timedelta(seconds=10)
            took = list(threads.map(lambda app: looked(app, machine.at), processes))
            assert sum(took) == 1, "one has the turn"
        machine.repair()
        for _ in range(12):
            machine.at += timedelta(seconds=10)
            list(threads.map(lambda app: looked(app, machine.at), processes))
    assert len(box.letters) == 2
    assert events(receiver) == ["began", "over"]
    for app in processes:
        with app.app_context():
            db.engine.dispose()


def test_a_restart_tells_nothing_twice(machine: Machine, box: Letterbox) -> None:
    fail_a_job(machine.redis)
    machine.look_for(50)
    again = machine.anew()
    for _ in range(5):
        machine.look(10, again)
    assert len(box.letters) == 1
    with again.app_context():
        db.engine.dispose()


def test_a_mail_server_that_refuses_is_tried_again_and_keeps_the_webhook_from_nothing(machine: Machine, box: Letterbox, receiver: Receiver) -> None:
    box.refuses = "550 no such person"
    fail_a_job(machine.redis)
    machine.look_for(60)
    assert box.letters == []
    assert events(receiver) == ["began"]
    with machine.app.app_context():
        assert "550" in alerts.latest()[-1]["error"] or "550" in alerts.latest()[0]["error"]
    box.refuses = ""
    machine.look_for(300)
    assert subjects(box) == ["[news.example.org] Jobs failed: 1 on desk"]
    assert len(receiver.got) == 1


def test_an_alert_that_nobody_takes_is_an_alarm_itself(machine: Machine, box: Letterbox) -> None:
    from newsapp.ops import alarms, reading

    box.refuses = "550 no such person"
    fail_a_job(machine.redis)
    machine.look_for(50)
    with machine.app.app_context(), write_unit() as sql:
        sql.execute(alert.update().where(alert.c.sent == 0).values(made=alert.c.made - 700))
    with machine.app.app_context():
        found = {raised.alarm.name: raised for raised in alarms.alarms(reading.read())}
    assert "550 no such person" in found["alerts-unsent"].cause


def test_who_never_heard_that_it_began_is_told_once_with_both_moments(machine: Machine, box: Letterbox) -> None:
    box.refuses = "451 later"
    fail_a_job(machine.redis)
    machine.look_for(60)
    machine.repair()
    machine.look_for(alerts.CALM + 20)
    box.refuses = ""
    machine.look_for(1200)
    assert subjects(box) == ["[news.example.org] Over: Jobs failed: 1 on desk"]
    assert "It began at" in box.letters[0][2]


def test_while_redis_is_silent_nothing_that_only_it_knows_is_over(machine: Machine, box: Letterbox) -> None:
    fail_a_job(machine.redis)
    machine.look_for(50)
    machine.app.config["REDIS_URL"] = "unix:///nowhere/redis.sock"
    machine.look_for(200)
    assert subjects(box) == ["[news.example.org] Jobs failed: 1 on desk", "[news.example.org] Redis does not answer"]


def test_a_process_that_dies_while_it_sends_leaves_it_to_another_under_the_same_id(machine: Machine, receiver: Receiver) -> None:
    receiver.status = 500
    fail_a_job(machine.redis)
    machine.look_for(50)
    receiver.status, sent = 200, [json.loads(body)["id"] for _, _, body in receiver.got]
    with machine.app.app_context(), write_unit() as sql:  # as who took the lease and died has left it
        sql.execute(alert.update().where(alert.c.channel == "webhook").values(due=int(machine.at.timestamp()) + alerts.LEASE))
    receiver.got.clear()
    machine.look_for(alerts.LEASE - 10)
    assert receiver.got == [], "the lease holds"
    machine.look_for(30)
    assert [json.loads(body)["id"] for _, _, body in receiver.got] == sent[:1]


class Hanging:
    """A mail server that takes a connection and says nothing."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]

    def taken(self) -> socket.socket:
        """The connection of who wants to send, once somebody does."""
        return self.listener.accept()[0]


def read_and_count(app: Flask) -> tuple[int, float]:
    """Events counted, and how long that took."""
    connection = app.extensions["redis_jobs"]
    connection.xadd(stream_key(0), {FIELD: Pageview(1, 1, 1).pack()})
    began = time.monotonic()
    with app.app_context():
        counted = counter.count_shard(0, connection, seconds=0.2)
    return counted, time.monotonic() - began


def test_a_mail_server_that_hangs_keeps_no_view_from_being_counted(machine: Machine) -> None:
    with machine.app.app_context(), writes():
        db.session.add(Section(slug="world", name="World"))
        db.session.flush()
        db.session.add(Article(slug="ferry", headline="Ferry", section_id=1, state=LIVE, published_at=now()))
        db.session.commit()
    machine.app.config["SMTP_URL"] = f"smtp://127.0.0.1:{(server := Hanging()).port}"
    fail_a_job(machine.redis)
    machine.look_for(20)
    hung: Callable[[], bool] = lambda: machine.look(20)  # noqa: E731
    thread = threading.Thread(target=hung, daemon=True)
    thread.start()
    letter = server.taken()
    assert thread.is_alive(), "the letter hangs"
    counted, seconds = read_and_count(machine.app)
    assert counted == 1
    assert seconds < 3
    letter.close()
    server.listener.close()
    thread.join(30)


def test_nothing_is_kept_of_what_was_told_long_ago(machine: Machine) -> None:
    fail_a_job(machine.redis)
    machine.look_for(50)
    machine.repair()
    machine.look_for(150)
    machine.look(alerts.KEPT + 60)
    with machine.app.app_context():
        assert alerts.latest() == []
        assert db.session.execute(open_alarm.select()).all() == []


# ---- the database away


@contextmanager
def away(machine: Machine, *processes: Flask) -> Iterator[None]:
    """The database answers none of these processes."""
    for app in (machine.app, *processes):
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    url = make_url(machine.config["DATABASE_URL"])
    with (without_file if url.get_backend_name() == "sqlite" else without_connections)(url):
        yield


@contextmanager
def without_file(url: URL) -> Iterator[None]:
    path = Path(url.database or "")
    kept = path.rename(path.with_suffix(".kept"))
    path.mkdir()
    yield
    path.rmdir()
    kept.rename(path)


@contextmanager
def without_connections(url: URL) -> Iterator[None]:
    other = create_engine(url.set(database="template1"), isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false'))
        yield
        connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true'))
    other.dispose()


def watch_for(machine: Machine, seconds: int, *processes: Flask) -> None:
    """Have every process look every 10 s, as its thread would."""
    for _ in range(seconds // 10):
        machine.at += timedelta(seconds=10)
        for app in (machine.app, *processes):
            with app.app_context():
                watcher.look(machine.at)


@pytest.fixture
def known(machine: Machine) -> Machine:
    """Redis has the settings, as it has wherever a worker has run."""
    with machine.app.app_context():
        SETTINGS_COPY.refresh(machine.redis)
    return machine


def test_a_database_that_is_away_is_told_once_and_its_end_once(known: Machine, box: Letterbox, receiver: Receiver) -> None:
    others = known.anew(), known.anew()
    with away(known, *others):
        watch_for(known, HOLDS, *others)
        assert box.letters == [], "it has not held yet"
        watch_for(known, 60, *others)
    assert subjects(box) == ["[news.example.org] The database does not answer"]
    assert events(receiver) == ["began"]
    said = json.loads(receiver.got[0][2])
    assert "database" in said["cause"]
    assert said["runbook"].endswith("/desk/ops/runbook#database-silent")
    watch_for(known, alerts.CALM, *others)
    assert len(box.letters) == 1, "it may go again"
    watch_for(known, 60, *others)
    assert subjects(box)[1:] == ["[news.example.org] Over: The database does not answer"]
    assert events(receiver) == ["began", "over"]
    with known.app.app_context():
        assert [(each["alarm"], each["state"], bool(each["sent"])) for each in alerts.latest()] == [
            ("database-silent", state, True) for state in ("over", "over", "began", "began")
        ]
    for app in others:
        with app.app_context():
            db.engine.dispose()


def test_a_database_that_comes_and_goes_is_told_once_and_a_short_absence_to_nobody(known: Machine, box: Letterbox) -> None:
    with away(known):
        watch_for(known, HOLDS - 10)
    watch_for(known, 20)
    for _ in range(2):
        with away(known):
            watch_for(known, HOLDS + 10)
        watch_for(known, alerts.CALM - 20)
    assert subjects(box) == ["[news.example.org] The database does not answer"]


def test_a_letter_that_is_refused_meanwhile_is_tried_again(known: Machine, box: Letterbox, receiver: Receiver) -> None:
    box.refuses = "451 later"
    with away(known):
        watch_for(known, HOLDS + 20)
        box.refuses = ""
        known.redis.delete(f"{outage.MARK}:mail")  # as if LEASE seconds had gone by
        watch_for(known, 30)
    assert len(box.letters) == len(receiver.got) == 1


def test_without_redis_nobody_tells_of_it(known: Machine, box: Letterbox) -> None:
    known.app.extensions["redis_desk"] = client("unix:///nowhere/redis.sock", timeout=1.0)
    with away(known), pytest.raises(RedisError):
        watch_for(known, 10)
    assert box.letters == []
