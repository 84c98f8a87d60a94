"""With Redis away, beacons are still answered, and what they said is counted when it is back."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import struct
import time
from collections.abc import Iterator

import pytest

from newsapp.redis import BEACON_TIMEOUT
from newsapp.traffic.events import SPILLED
from newsapp.traffic.spill import spill_files
from tests.conftest import Valkey, wait_for
from tests.newsroom import Newsroom


@pytest.fixture
def stopped(newsroom: Newsroom, valkey: Valkey) -> Iterator[Valkey]:
    """The newsroom's Valkey, killed; started again in the end."""
    valkey.kill()
    yield valkey
    if not valkey.answers():
        valkey.start()


def back(newsroom: Newsroom, valkey: Valkey) -> None:
    valkey.start()
    newsroom.beacon.inbox.check(newsroom.connection)


def spilled(newsroom: Newsroom) -> int:
    return sum(file.size // SPILLED.size for file in spill_files(newsroom.app.config))


def test_views_while_redis_is_down_are_counted_once_it_is_back(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire", readers=5)
    assert spilled(newsroom) == 5
    back(newsroom, stopped)
    newsroom.read("harbour-fire", readers=2)
    newsroom.count()
    assert newsroom.ledger() == {"received": 7, "counted": 7, "filtered": {}, "waiting": 0, "balance": 0}


def test_the_ledger_shows_spilled_events_as_waiting(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire", readers=3)
    stopped.start()
    assert newsroom.ledger() == {"received": 3, "counted": 0, "filtered": {}, "waiting": 3, "balance": 0}


def test_counting_the_spill_again_adds_nothing(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire", readers=3)
    back(newsroom, stopped)
    for _ in range(3):
        newsroom.count()
    assert newsroom.ledger()["counted"] == 3


def test_a_repeat_is_a_repeat_in_the_spill_too(newsroom: Newsroom, stopped: Valkey) -> None:
    for _ in range(4):
        newsroom.send("harbour-fire")
    back(newsroom, stopped)
    newsroom.count()
    books = newsroom.ledger()
    assert books["counted"] + books["filtered"].get("repeat", 0) == 4
    assert 1 <= books["counted"] <= 2  # two when a slot ended in between
    assert books["balance"] == 0


def test_a_torn_record_is_cut_off_and_those_before_it_count(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire", readers=3)
    file = spill_files(newsroom.app.config)[0]
    with open(file.path, "ab") as torn:
        torn.write(b"half a record")
    back(newsroom, stopped)
    newsroom.count()
    assert newsroom.ledger() == {"received": 3, "counted": 3, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_damaged_record_is_booked_malformed(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire", readers=3)
    file = spill_files(newsroom.app.config)[0]
    with open(file.path, "r+b") as damaged:
        damaged.seek(SPILLED.size + 8)
        damaged.write(struct.pack("<Q", 12345))
    back(newsroom, stopped)
    newsroom.count()
    assert newsroom.ledger() == {"received": 3, "counted": 2, "filtered": {"malformed": 1}, "waiting": 0, "balance": 0}


def test_a_counted_file_is_removed_and_the_books_remember_it(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire", readers=3)
    newsroom.beacon.spills["views"].close()
    file = spill_files(newsroom.app.config)[0]
    old = file.path.with_name(f"{file.opened_at - 900}-{file.path.name.partition('-')[2]}")
    file.path.rename(old)
    os.utime(old, (time.time() - 900, time.time() - 900))
    back(newsroom, stopped)
    newsroom.count()
    newsroom.count()
    assert spill_files(newsroom.app.config) == []
    assert newsroom.ledger() == {"received": 3, "counted": 3, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_hung_redis_costs_one_reader_a_moment_and_the_next_ones_nothing(newsroom: Newsroom, valkey: Valkey) -> None:
    newsroom.read("harbour-fire")
    assert valkey.process is not None
    valkey.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        first = newsroom.send("harbour-fire", REMOTE_ADDR="198.18.7.1")
        waited = time.monotonic() - began
        began = time.monotonic()
        newsroom.read("court-ruling", readers=20)
        assert time.monotonic() - began < 0.5
    finally:
        valkey.process.send_signal(signal.SIGCONT)
    assert first == 503  # sent and not answered: storing it again could count it twice
    assert waited < 2 * BEACON_TIMEOUT
    wait_for(valkey.answers, 5, "Valkey to go on")
    newsroom.beacon.inbox.check(newsroom.connection)
    newsroom.count()
    books = newsroom.ledger()
    assert books["counted"] in (21, 22)  # the unanswered one at most once
    assert books["balance"] == 0


def test_a_redis_that_came_back_empty_with_its_clock_behind_hides_no_view(newsroom: Newsroom, valkey: Valkey) -> None:
    newsroom.read_earlier("harbour-fire", hours=-0.05, readers=9)  # by a clock that was ahead
    newsroom.count()
    valkey.kill()
    shutil.rmtree(valkey.folder / "appendonlydir")
    valkey.start()
    newsroom.read("harbour-fire", readers=3)
    newsroom.beacon.inbox.check(newsroom.connection)
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    assert newsroom.ledger() == {"received": 15, "counted": 15, "filtered": {}, "waiting": 0, "balance": 0}


def test_a_full_inbox_spills_so_that_jobs_have_room(newsroom: Newsroom) -> None:
    newsroom.beacon.inbox.limit = 1
    newsroom.read("harbour-fire")
    newsroom.beacon.inbox.check(newsroom.connection)
    newsroom.read("harbour-fire", readers=2)
    assert spilled(newsroom) == 2
    newsroom.beacon.inbox.limit = 64 << 20
    newsroom.count()
    assert newsroom.ledger()["counted"] == 3


def test_a_full_disk_is_an_honest_503_and_leaves_no_torn_record(newsroom: Newsroom, stopped: Valkey) -> None:
    newsroom.read("harbour-fire")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPILLED.size + 10, hard))  # room for a third of the next record
    try:
        assert newsroom.send("court-ruling") == 503
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    newsroom.read("night-ferry")
    back(newsroom, stopped)
    newsroom.count()
    assert newsroom.ledger() == {"received": 2, "counted": 2, "filtered": {}, "waiting": 0, "balance": 0}
