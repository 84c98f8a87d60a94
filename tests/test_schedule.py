"""The schedule: every job of it does its work on a paper that is read, twice as well as once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsapp.database import now
from tests.newsroom import Newsroom
from workers import jobs
from workers.schedule import SCHEDULE, Periodic, claim, due


@pytest.mark.parametrize("periodic", SCHEDULE, ids=lambda periodic: periodic.job)
def test_a_job_may_run_at_any_time_and_again(newsroom: Newsroom, periodic: Periodic) -> None:
    newsroom.read("harbour-fire", readers=2)
    newsroom.count()
    books = newsroom.ledger()
    for _ in range(2):
        getattr(jobs, periodic.job)()
    assert newsroom.ledger() == books


def test_a_turn_that_a_clock_took_far_ahead_holds_nobody_up(newsroom: Newsroom) -> None:
    periodic = next(periodic for periodic in SCHEDULE if periodic.job == "publish_lists")
    assert claim(periodic, now() + timedelta(days=1))
    assert periodic in due(now())
    assert claim(periodic, now())
    assert periodic not in due(now())
