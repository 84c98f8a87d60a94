"""When events come faster than they can be kept: inbox, then spill, then an honest 503, each step seen and none of them silent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import structlog
import time_machine
from flask.testing import FlaskClient
from structlog.testing import LogCapture

from bench import replay
from newsapp.config import Config
from newsapp.database import db
from newsapp.ops import alarms, board, reading
from newsapp.ops.metrics import SPILLED as SPILLED_TOTAL
from newsapp.ops.metrics import UNSTORED as UNSTORED_TOTAL
from newsapp.traffic import overload
from newsapp.traffic.events import SPILLED
from newsapp.traffic.overload import CAUSES, LADDER, Stand, stands
from newsapp.traffic.spill import folder, spill_files
from newsapp.traffic.tokens import token_query
from tests.conftest import Valkey, make_app, wait_for
from tests.home import ROOT, Home
from tests.newsroom import FIREFOX, Newsroom
from tests.prepared import Prepared

PORT = 8174
SMALL = 4096  # bytes: a page of the kernel's, which no whole number of records fills
INBOX_MEMORY = 8192  # bytes; an empty stream takes 4312
READERS = 300  # whose views fill a small inbox


def second(newsroom: Newsroom) -> None:
    """What a web process does each second."""
    for chore in newsroom.memory.always:
        chore()
    newsroom.beacon.inbox.check(newsroom.connection)
    newsroom.beacon.ladder.look()


def statuses(newsroom: Newsroom, slug: str, readers: int) -> list[int]:
    """What that many new readers are answered."""
    numbers = [next(newsroom.addresses) for _ in range(readers)]
    return [newsroom.send(slug, REMOTE_ADDR=f"198.18.{n // 250}.{n % 250 + 1}") for n in numbers]


def step(newsroom: Newsroom) -> tuple[str, str]:
    """Where the web process stands, as another process reads it."""
    (stand,) = stands(newsroom.app.config)
    return stand.step, stand.cause


def spilled(newsroom: Newsroom) -> int:
    return sum(file.size // SPILLED.size for file in spill_files(newsroom.app.config))


@contextlib.contextmanager
def full_filesystem(spill: Path) -> Iterator[None]:
    """A file system of one page under the spill folder."""
    spill.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(spill)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(spill)], check=True)


@contextlib.contextmanager
def full_file(spill: Path) -> Iterator[None]:
    """A limit for the size of files, which stops a write in the midst of a record just the same."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def may_mount(folder: Path) -> bool:
    with contextlib.suppress(OSError, subprocess.CalledProcessError), full_filesystem(folder):
        return True
    return False


@pytest.fixture
def full_disk(tmp_path: Path) -> Callable[[Path], AbstractContextManager[None]]:
    """A disk that ends within a record: a file system where this user may mount one, else a limit of the kernel's."""
    return full_filesystem if may_mount(tmp_path / "try") else full_file


@pytest.fixture
def stopped(newsroom: Newsroom, valkey: Valkey) -> Iterator[Valkey]:
    """The newsroom's Valkey, killed; started again in the end."""
    valkey.kill()
    yield valkey
    if not valkey.answers():
        valkey.start()


def fill_inbox(newsroom: Newsroom) -> None:
    """Let more events into the inbox than INBOX_MEMORY allows."""
    newsroom.beacon.inbox.limit = INBOX_MEMORY
    newsroom.read("harbour-fire", readers=READERS)
    second(newsroom)


def test_the_ladder_goes_down_step_by_step_and_every_204_is_counted(
    newsroom: Newsroom, full_disk: Callable[[Path], AbstractContextManager[None]]
) -> None:
    second(newsroom)
    assert step(newsroom) == ("inbox", "")
    fill_inbox(newsroom)
    assert step(newsroom) == ("spill", "full")
    with full_disk(folder(newsroom.app.config)):
        answers = statuses(newsroom, "court-ruling", READERS)
        kept = answers.count(204)
        assert answers == [204] * kept + [503] * (READERS - kept)
        assert kept == SMALL // SPILLED.size
        assert step(newsroom) == ("refused", "disk")
        newsroom.count()
        assert newsroom.ledger() == {"received": READERS + kept, "counted": READERS + kept, "filtered": {}, "waiting": 0, "balance": 0}
        newsroom.beacon.spills["views"].close()
    newsroom.beacon.inbox.limit = 64 << 20
    second(newsroom)
    assert step(newsroom) == ("inbox", "")


def test_a_disk_that_fills_within_a_record_keeps_no_torn_one_and_takes_the_next_when_there_is_room(
    newsroom: Newsroom, stopped: Valkey, full_disk: Callable[[Path], AbstractContextManager[None]]
) -> None:
    with full_disk(folder(newsroom.app.config)):
        answers = statuses(newsroom, "harbour-fire", SMALL // SPILLED.size + 5)
        assert answers.count(503) == 5
        (file,) = spill_files(newsroom.app.config)  # and no empty file for each that was refused
        assert file.path.stat().st_size == answers.count(204) * SPILLED.size
        stopped.start()
        newsroom.count()
        assert newsroom.ledger()["counted"] == answers.count(204)
        assert newsroom.ledger()["balance"] == 0
        stopped.kill()
        newsroom.beacon.spills["views"].close()
    assert statuses(newsroom, "harbour-fire", 3) == [204] * 3


def test_above_its_budget_the_spill_takes_no_more_until_it_is_counted(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.beacon.spills["views"].limit = 5 * SPILLED.size
    assert statuses(newsroom, "harbour-fire", 6) == [204] * 6
    newsroom.beacon.spills["views"].measure()
    assert statuses(newsroom, "harbour-fire", 3) == [503] * 3
    assert step(newsroom) == ("refused", "budget")
    newsroom.beacon.spills["views"].limit = 1 << 30
    newsroom.beacon.spills["views"].measure()
    assert statuses(newsroom, "harbour-fire", 3) == [204] * 3
    assert spilled(newsroom) == 9


def test_a_disk_with_little_room_is_left_to_the_database(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.beacon.spills["views"].reserve = 1 << 62
    newsroom.beacon.spills["views"].measure()
    assert statuses(newsroom, "harbour-fire", 2) == [503] * 2
    assert step(newsroom) == ("refused", "disk")
    assert spilled(newsroom) == 0


def test_a_503_says_when_to_come_again(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.beacon.spills["views"].full = "budget"
    answers: list[list[tuple[str, str]]] = []
    query = token_query(newsroom.app.config["SECRET_KEY"], newsroom.articles["harbour-fire"], int(time.time()))
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/beacon", "QUERY_STRING": query}
    list(newsroom.beacon(environ, lambda status, headers, exc_info=None: answers.append([("status", status), *headers])))
    assert ("status", "503 Service Unavailable") in answers[0]
    assert int(dict(answers[0])["Retry-After"]) > 0


def test_a_full_inbox_that_is_counted_has_room_again_though_all_events_went_to_the_spill(newsroom: Newsroom) -> None:
    """Nothing is trimmed behind a cursor that stands still, so a full inbox must go on to take a little."""
    newsroom.read_earlier("harbour-fire", hours=0.1, readers=2000)
    newsroom.beacon.inbox.limit = INBOX_MEMORY
    second(newsroom)
    newsroom.count()
    second(newsroom)
    assert step(newsroom) == ("spill", "full")
    assert statuses(newsroom, "court-ruling", 4) == [204] * 4
    assert spilled(newsroom) == 3  # one went to the inbox
    newsroom.count()
    second(newsroom)
    assert step(newsroom) == ("inbox", "")
    assert newsroom.ledger()["balance"] == 0


def test_each_change_of_step_is_logged_once_with_its_reason_and_what_to_do(
    newsroom: Newsroom, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = LogCapture()
    every_level = structlog.make_filtering_bound_logger(0)
    monkeypatch.setattr(overload, "log", structlog.wrap_logger(None, processors=[said], wrapper_class=every_level))
    second(newsroom)
    valkey.kill()
    newsroom.read("harbour-fire", readers=5)
    newsroom.beacon.spills["views"].limit = 0
    newsroom.beacon.spills["views"].measure()
    statuses(newsroom, "harbour-fire", 5)
    valkey.start()
    second(newsroom)
    steps = [(entry["log_level"], entry["step"], entry.get("cause")) for entry in said.entries]
    assert steps == [("warning", "spill", "away"), ("error", "refused", "budget"), ("info", "inbox", None)]
    assert all(entry["why"] and entry["mend"] for entry in said.entries if "cause" in entry)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_every_cause_leads_to_a_step_of_the_ladder(cause: overload.Cause) -> None:
    assert cause.step in {step.name for step in LADDER[1:]}


# ---- what operators see


@pytest.fixture
def operator(newsroom: Newsroom, config: Config) -> FlaskClient:
    """Who asks another process of the same home for its figures."""
    app = make_app({**config, "DATABASE_URL": f"sqlite:///{config['NEWSAPP_HOME']}/desk.db"}, "desk")
    return app.test_client()


def test_metrics_tell_each_step_and_how_many_events_went_there(newsroom: Newsroom, operator: FlaskClient) -> None:
    def figure(name: str) -> float:
        lines = operator.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)

    SPILLED_TOTAL.clear()
    UNSTORED_TOTAL.clear()
    second(newsroom)
    assert figure('newsapp_overload_step{cause="",step="inbox"}') == 1
    fill_inbox(newsroom)
    statuses(newsroom, "court-ruling", 7)
    assert figure('newsapp_overload_step{cause="full",step="spill"}') == 1
    assert figure('newsapp_events_spilled_total{cause="full"}') == 7
    newsroom.beacon.spills["views"].full = "budget"
    statuses(newsroom, "court-ruling", 3)
    assert figure('newsapp_overload_step{cause="budget",step="refused"}') == 1
    assert figure('newsapp_events_unstored_total{cause="budget"}') == 3
    assert figure('newsapp_overload_step{cause="full",step="spill"}') == 0


def shown(newsroom: Newsroom) -> tuple[board.Tile, str]:
    """(the tile of the promise that views are counted at once, the alarms' titles)."""
    db.session.rollback()  # each reading of the board is a request of its own
    found = reading.read()
    return board.tile(board.PROMISES[0], found), "; ".join(alarm.title for alarm in alarms.alarms(found))


@pytest.mark.parametrize(("age", "word"), [(20, "At risk"), (300, "Broken")])
def test_the_board_alarms_when_a_spilled_view_grows_old_and_is_quiet_when_it_is_counted(
    newsroom: Newsroom, stopped: Valkey, age: int, word: str
) -> None:
    with time_machine.travel(time.time() - age):
        newsroom.read("harbour-fire", readers=3)
    stopped.start()
    second(newsroom)
    tile, alarms = shown(newsroom)
    assert tile.word == word
    assert "A view has waited" in alarms
    newsroom.count()
    newsroom.read("harbour-fire", readers=500)  # many that wait, and none for long
    tile, alarms = shown(newsroom)
    assert tile.word == "Kept"
    assert "A view has waited" not in alarms


def test_without_redis_the_age_of_the_spill_is_known_all_the_same(newsroom: Newsroom, stopped: Valkey) -> None:
    with time_machine.travel(time.time() - 300):
        newsroom.read("harbour-fire")
    tile, alarms = shown(newsroom)
    assert (tile.value, tile.unit, tile.word) == ("5", "min", "Broken")
    assert "A view has waited 5 min" in alarms


def test_the_board_names_the_step_its_cause_and_the_way_out(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.beacon.spills["views"].full = "budget"
    statuses(newsroom, "harbour-fire", 1)
    found = reading.read()
    assert [(rung.processes, rung.word) for rung in board.rungs(found)] == [(0, ""), (0, ""), (1, "Lost")]
    alarm = next(alarm for alarm in alarms.alarms(found) if alarm.title == "Views are refused")
    assert alarm.tone == board.BAD
    assert "SPILL_DISK" in alarm.cause


def test_a_process_that_is_gone_stands_nowhere(newsroom: Newsroom) -> None:
    second(newsroom)
    assert stands(newsroom.app.config) == (Stand("inbox", "", 1),)
    assert newsroom.beacon.ladder.note.descriptor is not None
    os.close(newsroom.beacon.ladder.note.descriptor)
    assert stands(newsroom.app.config) == ()


# ---- a whole newsapp


@pytest.fixture
def small_paper(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Home]:
    """A running paper with little room in its inbox and in its spill."""
    home = prepared.home_in(
        tmp_path_factory.mktemp("small") / "home", PORT=PORT, TRUSTED_PROXIES="127.0.0.1/32", INBOX_MEMORY="16kb", SPILL_DISK="16kb"
    ).up()
    yield home
    home.stop()


def metrics() -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=10) as answer:
        lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(figure) for name, _, figure in (line.rpartition(" ") for line in lines)}


def ledger(paper: Home) -> dict[str, Any]:
    command = [sys.executable, "-m", "newsapp.cli", "ledger", "--json"]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, env=paper.environment, capture_output=True, text=True, timeout=60).stdout))


@pytest.mark.timeout(240)
def test_all_web_processes_go_down_the_ladder_and_the_books_are_even(small_paper: Home, tmp_path: Path) -> None:
    visits = [f'198.18.{n % 250}.{n // 250} - - [09/Oct/2025:08:53:20 +0000] "GET /a HTTP/1.1" 200 1 "-" "{FIREFOX}"' for n in range(5000)]
    (tmp_path / "access.log").write_text("\n".join(visits))
    words = [f"http://127.0.0.1:{PORT}", str(tmp_path / "access.log"), "--home", str(small_paper.folder), "--rate", "500"]
    found = asyncio.run(replay.main(replay.options_of(words)))
    told = metrics()
    refused = found["statuses"]["503"]
    assert (found["sent"], found["accepted"] + refused) == (5000, 5000)
    assert told['newsapp_events_spilled_total{cause="full"}'] > 0
    assert sum(figure for name, figure in told.items() if name.startswith("newsapp_events_unstored_total{")) == refused > 0
    assert sum(figure for name, figure in told.items() if name.startswith("newsapp_overload_step{")) == 2
    books = wait_for(lambda: (read := ledger(small_paper))["waiting"] == 0 and read, 60, "all that was kept to be counted")
    assert (books["received"], books["balance"]) == (found["accepted"], 0)
