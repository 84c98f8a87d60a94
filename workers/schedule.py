"""SCHEDULE: what runs on a clock. When each job last ran is remembered in SQL, so a restart forgets nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from newsapp.database import db, write_unit
from newsapp.traffic.models import schedule_state
from newsapp.traffic.upserts import insert_or_ignore


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

    def is_open(self, through: int, at: datetime) -> bool:
        """Whether the present turn is free, when the last that was taken is that one; far ahead, it was taken by a clock since set back."""
        return not self.turn(at) <= through <= self.turn(at) + self.every


SCHEDULE = (
    Periodic("tell", 2, "desk", "Changes that a process committed and died before telling."),
    Periodic("purge", 2, "desk", "What the CDN is to forget, where there is one."),
    Periodic("turn_due", 2, "desk", "Embargoes that are over, and stories whose time has ended."),
    Periodic("count_spill", 5, "desk", "Events that went to the spill."),
    Periodic("publish_lists", 30, "desk", "Lists whose age alone changes them."),
    Periodic("refresh_site", 60, "desk", "Sections and newest stories, should a refresh have been lost."),
    Periodic("refresh_settings", 60, "desk", "Settings, should a refresh have been lost."),
    Periodic("note_feeds", 30, "desk", "Feeds with news that the hub of WebSub was not told of, or did not take."),
    Periodic("expire_windows", 60, "desk", "Hours that leave the windows of Most Viewed."),
    Periodic("note_rules", 60, "desk", "The view rule and the half-life that the settings ask for."),
    Periodic("keep_hosts", 60, "desk", "Names of referring hosts."),
    Periodic("forget_ids", 600, "desk", "Event ids of apps that are older than a day."),
    Periodic("forget_unsaved", 6 * 3600, "slow", "Text typed at the desk that nobody came back for in a month."),
    Periodic("index_texts", 15, "slow", "Stories whose words are not in the full text yet: after an upgrade, an import, an author's new name."),
    Periodic("note_words", 6 * 3600, "slow", "Words of the archive, by which mistyped ones are put right."),
    Periodic("make_formats", 60, "slow", "Pictures in AVIF and JPEG of which WebP alone was kept: after an upgrade, of the sample edition."),
    Periodic("keep_uniques", 3600, "slow", "Visitors of days that are over."),
    Periodic("seal_hours", 3600, "slow", "Kept events of hours that are over, compressed or let go."),
    Periodic("compare_hours", 24 * 3600, "slow", "A sample of hours, counted again from their kept events."),
    Periodic("tell_entries", 30, "slow", "Stories that have come into Most Viewed, to the webhook."),
    Periodic("reset_thresholds", 24 * 3600, "slow", "From which sum on the indexes of each window hold an article."),
    Periodic("merge_days", 6 * 3600, "slow", "Hours older than 32 days into days; what is kept no longer goes."),
)


def due(at: datetime) -> list[Periodic]:
    """The jobs whose present turn nobody has claimed."""
    with db.engine.connect() as connection:
        through = {row.job: row.through for row in connection.execute(select(schedule_state.c.job, schedule_state.c.through))}
    return [periodic for periodic in SCHEDULE if periodic.is_open(through.get(periodic.job, -1), at)]


def claim(periodic: Periodic, at: datetime) -> bool:
    """Take the present turn of a job. False means another worker was first."""
    turn = periodic.turn(at)
    values = {"through": turn, "started": int(at.timestamp())}
    with write_unit() as connection:
        connection.execute(insert_or_ignore(connection, schedule_state), {"job": periodic.job, "through": -1})
        here = schedule_state.c.through
        open_turn = (schedule_state.c.job == periodic.job) & ((here < turn) | (here > turn + periodic.every))
        return connection.execute(update(schedule_state).where(open_turn).values(values)).rowcount == 1


def finish(periodic: Periodic, at: datetime) -> None:
    """Note that a job's turn is done."""
    with write_unit() as connection:
        connection.execute(update(schedule_state).where(schedule_state.c.job == periodic.job).values(finished=int(at.timestamp())))
