"""Run a job of the schedule, if its turn is still free."""

from __future__ import annotations

from newsapp.database import now
from workers import jobs
from workers.schedule import SCHEDULE, claim, finish

BY_NAME = {periodic.job: periodic for periodic in SCHEDULE}


def run(name: str, anyway: bool = False) -> bool:
    """Claim the present turn of a scheduled job and do it. False when another worker has; `anyway` does it all the same."""
    periodic = BY_NAME[name]
    if not claim(periodic, now()) and not anyway:
        return False
    getattr(jobs, name)()
    finish(periodic, now())
    return True
