"""Thirty seconds of random SIGKILLs among web processes, workers and Valkey."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.torture import KILLS, Torture


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_answered_event_is_booked_exactly_once_whatever_is_killed(tmp_path: Path) -> None:
    verdict = Torture(tmp_path, port=8180, seed=7).run(30)
    print("kills:", dict(verdict.kills))
    print(verdict)
    assert [name for name in KILLS if verdict.kills[name] < 5] == []
    assert verdict.accepted > 1000
    assert (verdict.lost, verdict.twice, verdict.balance) == (0, 0, 0)
