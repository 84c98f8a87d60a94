"""A soak of some seconds: a whole newsapp with readers, an editor and kills; and the verdict sees what it is there to see."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.browsers import Told, made_up_hits
from bench.lives import VICTIMS, Growth, Memory, Victim
from bench.soak import Verdict, soak
from newsapp.traffic.ledger import Balance
from tests.home import Home

PORT = 8560
DOCUMENTATION = Path(__file__).resolve().parent.parent / "docs" / "torture.md"


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="newsapp-soak-"))
    yield Home(folder / "home", PORT=PORT, TRUSTED_PROXIES="127.0.0.1/32", LOG_LEVEL="WARNING")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_readers_and_an_editor_notice_nothing_of_processes_that_are_killed(home: Home) -> None:
    verdict = soak(home, made_up_hits(7), seconds=24, rate=15, kill_every=2, publish_every=3, seed=7)
    print(verdict.told, verdict.kills, verdict.books)
    assert verdict.faults() == []
    assert verdict.told.pages[200] > 100
    assert verdict.told.accepted.total() > 100
    assert verdict.desk.corrected


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda victim: victim.name)
def test_the_documentation_tells_of_each_that_is_killed(victim: Victim) -> None:
    assert f"| {victim.name} | {victim.loses} |" in DOCUMENTATION.read_text()


def verdict_of(told: Told, growths: list[Growth], kills: list[tuple[float, str]]) -> Verdict:
    desk = SimpleNamespace(published=1, failures=[])
    books = {"views": Balance(received=2, counted=2, filtered={}, waiting=0, balance=0)}
    return Verdict(told, [*kills, *[(0.0, victim.name) for victim in VICTIMS]], desk, books, 0, 0, growths)  # type: ignore[arg-type]


def test_what_readers_would_notice_fails_a_soak_and_what_they_would_not_does_not() -> None:
    quiet = Told(pages=Counter({200: 9}), beacons=Counter({204: 9, 503: 1, 0: 1}), broken=[105.0], saved=1)
    flat, grown = Growth("site", 100 << 20, 112 << 20, 600), Growth("count", 100 << 20, 130 << 20, 600)
    assert verdict_of(quiet, [flat], [(103.0, "site worker")]).faults() == []
    assert verdict_of(quiet, [flat], [(103.0, "count worker")]).faults() == ["connections broken with no kill to explain it: 1"]
    assert verdict_of(Told(pages=Counter({200: 9, 500: 2, 0: 1})), [], []).faults() == ["pages answered by 5xx, or not even at the last try: 3"]
    assert verdict_of(Told(given_up=1), [grown], []).faults() == [
        "beacons refused by 5xx though the page came again: 1", "processes whose memory grew: 1",
    ]  # fmt: skip


def test_each_life_of_a_process_is_judged_by_itself_if_it_is_long_enough() -> None:
    memory = Memory(Home(Path("nowhere")), warm=100)
    memory.lives["site worker", 1] = [(float(at), 50 + at) for at in range(0, 340, 2)]
    memory.lives["site worker", 2] = [(float(at), 900) for at in range(340, 500, 2)]
    (growth,) = memory.growths()
    assert (growth.warm, growth.end) == (161, 377)
