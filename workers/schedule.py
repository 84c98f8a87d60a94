"""SCHEDULE: what runs on a clock. When each job last ran is remembered in SQL, so a restart forgets nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from newsapp.database import db, write_unit
from newsapp.traffic.counting import insert_or_ignore
from newsapp.traffic.models import schedule_state


@dataclass(frozen=True)
class Periodic:
    """One periodic job of workers.jobs. `every` is in seconds; turns begin at whole multiples of it."""

    job: str
    every: int
    queue: str
    help: str

    def turn(self, at: datetime) -> int:
        """The turn that a moment belongs to, in seconds since 1970."""
        return int(at.timestamp()) // self.every * self.every


SCHEDULE = (
    Periodic("tell", 2, "desk", "Changes that a process committed and died before telling."),
    Periodic("count_spill", 5, "desk", "Events that went to the spill."),
    Periodic("publish_lists", 30, "desk", "Lists whose age alone changes them."),
    Periodic("refresh_site", 60, "desk", "Sections and newest stories, should a refresh have been lost."),
    Periodic("refresh_settings", 60, "desk", "Settings, should a refresh have been lost."),
    Periodic("expire_windows", 60, "desk", "Hours that leave the windows of Most Viewed."),
    Periodic("merge_days", 6 * 3600, "slow", "Hours older than 32 days into days."),
)


def due(at: datetime) -> list[Periodic]:
    """The jobs whose present turn nobody has claimed."""
    with db.engine.connect() as connection:
        through = {row.job: row.through for row in connection.execute(select(schedule_state.c.job, schedule_state.c.through))}
    return [periodic for periodic in SCHEDULE if through.get(periodic.job, -1) < periodic.turn(at)]


def claim(periodic: Periodic, at: datetime) -> bool:
    """Take the present turn of a job. False means another worker was first."""
    turn = periodic.turn(at)
    values = {"through": turn, "started": int(at.timestamp())}
    with write_unit() as connection:
        connection.execute(insert_or_ignore(connection, schedule_state), {"job": periodic.job, "through": -1})
        open_turn = (schedule_state.c.job == periodic.job) & (schedule_state.c.through < turn)
        return connection.execute(update(schedule_state).where(open_turn).values(values)).rowcount == 1


def finish(periodic: Periodic, at: datetime) -> None:
    """Note that a job's turn is done."""
    with write_unit() as connection:
        connection.execute(update(schedule_state).where(schedule_state.c.job == periodic.job).values(finished=int(at.timestamp())))
