"""ALARMS: what may stand against the promises, what readers notice of it, and where an operator acts.

Each has a paragraph of the same title in docs/runbook.md; a test holds both to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from newsapp.ops.board import (
    BAD,
    BROKEN_AGE,
    BROKEN_LIST,
    BROKEN_ROOM,
    BROKEN_TELLING,
    BROKEN_TURN,
    BROKEN_WAIT,
    RISKY_AGE,
    RISKY_LIST,
    RISKY_ROOM,
    RISKY_TELLING,
    RISKY_TURN,
    RISKY_WAIT,
    SILENT,
    WARN,
    causes_of,
    last_beginning,
    list_age,
    memory_share,
    oldest_wait,
    spoken,
    told,
)
from newsapp.ops.figures import Figures
from newsapp.traffic.overload import LADDER

SLOW_TELLING = 600.0  # seconds that an alert has waited to be taken


class Act(NamedTuple):
    """Where an operator acts: a page of the desk, or with `job` a button that has that job of the schedule run now."""

    label: str
    endpoint: str
    anchor: str = ""
    job: str = ""


DOCTOR = Act("Ask the doctor", "operations.consult")
WORKERS = Act("See the workers", "operations.board", "workers")


class Finding(NamedTuple):
    """That an alarm is open: how bad, in words of this moment, why, and what to do. `effect` only where it differs from the alarm's own."""

    tone: str
    title: str
    cause: str
    advice: str
    effect: str = ""


@dataclass(frozen=True)
class Alarm:
    """One alarm. `title` is also its heading in the runbook, `name` its anchor there and its label in metrics and alerts."""

    name: str
    title: str
    effect: str  # what readers notice
    act: Act
    check: Callable[[Figures], Finding | None]
    needs_redis: bool = True  # without Redis nobody can say that it is over


class Raised(NamedTuple):
    """An alarm that is open."""

    alarm: Alarm
    tone: str
    title: str
    cause: str
    effect: str
    advice: str


def tone_of(value: float, broken: float) -> str:
    return BAD if value >= broken else WARN


def since(seconds: float) -> str:
    return " ".join(spoken(seconds))


def redis_silent(figures: Figures) -> Finding | None:
    if figures.redis:
        return None
    advice = "Start it again. newsapp up does so by itself; elsewhere look at its log and its disk."
    return Finding(BAD, "Redis does not answer", figures.why_not, advice)


def views_refused(figures: Figures) -> Finding | None:
    causes = causes_of(figures, LADDER[-1])
    return Finding(BAD, "Views are refused", told(causes), " ".join(cause.advice for cause in causes)) if causes else None


def views_waiting(figures: Figures) -> Finding | None:
    """By the age of the oldest, not by how many: a long queue that moves is no trouble."""
    seconds = oldest_wait(figures)
    if seconds is None or seconds < RISKY_WAIT:
        return None
    causes = [cause for step in LADDER[1:] for cause in causes_of(figures, step)]
    return Finding(
        tone_of(seconds, BROKEN_WAIT), f"A view has waited {since(seconds)} to be counted",
        told(causes) or "Events come faster than they are counted, or nobody counts them.",
        " ".join(cause.advice for cause in causes) or "See that a worker runs on the queues count and desk, and that the database has room.",
    )  # fmt: skip


def turn_late(figures: Figures) -> Finding | None:
    if figures.turn_late < RISKY_TURN:
        return None
    return Finding(
        tone_of(figures.turn_late, BROKEN_TURN), f"An embargo or an end is {since(figures.turn_late)} late",
        "The job turn_due has not run since its moment.",
        "See that a worker runs on the queue desk, and that the database takes writes. What was missed is made up for.",
    )  # fmt: skip


def changes_untold(figures: Figures) -> Finding | None:
    if figures.untold < RISKY_TELLING:
        return None
    return Finding(
        tone_of(figures.untold, BROKEN_TELLING), f"A saved change has not been told for {since(figures.untold)}",
        "The desk could not tell it to Redis, and the job tell has not run since.", "See that Redis answers and a worker runs on the queue desk.",
    )  # fmt: skip


def lists_old(figures: Figures) -> Finding | None:
    seconds = list_age(figures)
    if seconds is None or seconds < RISKY_LIST:
        return None
    return Finding(
        tone_of(seconds, BROKEN_LIST), f"A Most Viewed list is {since(seconds)} old",
        "Neither counting nor the job publish_lists has published it since.", "See that a worker runs on the queue desk; look at its failed jobs.",
    )  # fmt: skip


def redis_full(figures: Figures) -> Finding | None:
    share = memory_share(figures)
    if share is None or share < RISKY_ROOM:
        return None
    return Finding(
        tone_of(share, BROKEN_ROOM), f"Redis uses {share:.0f}\u00a0% of its memory", "Events wait in it, or failed jobs, or it has little memory.",
        "See that workers count. Delete failed jobs. Give it more: REDIS_MEMORY, or maxmemory of your own.",
    )  # fmt: skip


def redis_forgetful(figures: Figures) -> Finding | None:
    if not figures.redis or (figures.redis.persists and figures.redis.last_write_ok):
        return None
    cause = "Its last write to disk failed." if figures.redis.persists else "appendonly is off."
    advice = "Set appendonly yes and appendfsync always, and see that its disk has room."
    return Finding(BAD, "Redis keeps nothing on disk", cause, advice)


def redis_evicts(figures: Figures) -> Finding | None:
    if not figures.redis or not figures.redis.policy or figures.redis.policy == "noeviction":
        return None
    gone = f"{figures.redis.evicted:,} keys are gone already." if figures.redis.evicted else "None is gone yet."
    cause = f"Its maxmemory-policy is {figures.redis.policy}. {gone}"
    return Finding(BAD, "Redis may throw keys away", cause, "Set maxmemory-policy noeviction, in its configuration too.")


def queue_idle(figures: Figures) -> Finding | None:
    names = [line.name for line in figures.queues if not line.workers]
    if not names:
        return None
    effect = "Views wait in the inbox, and Most Viewed stands still." if "count" in names else "What editors or imports ask for waits."
    cause, advice = "No worker process of the queue is heard.", f"Start one: newsapp part {PART_OF[names[0]]}. newsapp up does so by itself."
    return Finding(BAD, f"Nobody works on: {', '.join(names)}", cause, advice, effect)


PART_OF = {"count": "count", "desk": "work-desk", "slow": "work-slow"}


def worker_silent(figures: Figures) -> Finding | None:
    names = [f"{worker.name[:12]} ({worker.queues})" for worker in figures.workers if worker.heard > SILENT]
    if not names:
        return None
    return Finding(
        WARN, f"A worker is silent: {', '.join(names)}", "It was killed with its machine, or one job keeps it busy for longer than its heartbeat.",
        "See whether its process lives. One that is gone leaves the list by itself within minutes; its job is asked for again.",
    )  # fmt: skip


def clock_stopped(figures: Figures) -> Finding | None:
    seconds = last_beginning(figures)
    if seconds is None or seconds < RISKY_AGE:
        return None
    return Finding(
        tone_of(seconds, BROKEN_AGE), f"Nothing of the schedule began for {since(seconds)}",
        "No worker process asks for it, or none takes what is asked for.", "See that workers run, and that Redis takes writes.",
    )  # fmt: skip


def job_late(figures: Figures) -> Finding | None:
    jobs = [turn.job for turn in figures.turns if turn.late]
    if not jobs:
        return None
    return Finding(
        WARN, f"Late: {', '.join(jobs)}", "Their turns were not taken by any worker.", "See that workers run; the board's schedule runs one now."
    )


def jobs_failed(figures: Figures) -> Finding | None:
    names = [f"{line.failed:,} on {line.name}" for line in figures.queues if line.failed]
    if not names:
        return None
    advice = "Read the reason of each; requeue what should have been done, delete the rest."
    return Finding(WARN, f"Jobs failed: {', '.join(names)}", "A job raised an error; its trace is kept with it.", advice)


def books_off(figures: Figures) -> Finding | None:
    found = {"views": figures.books, "signals": figures.signals}
    off = [f"{books['balance']:,} {name}" for name, books in found.items() if books and books["balance"]]
    if not off:
        return None
    return Finding(
        BAD, f"The books are off by {' and '.join(off)}",
        "Events were received that are neither counted, filtered nor waiting, or the other way round.",
        "Note the time and the figures below; look for “Redis came back older” in the workers' log.",
    )  # fmt: skip


def hours_disagree(figures: Figures) -> Finding | None:
    if not figures.recount_off:
        return None
    return Finding(
        BAD, f"Hours counted again differ by {figures.recount_off:,} views",
        "The tables of some hours do not say what their kept events add up to.",
        "See whether the database was restored, or changed by hand. newsapp recount shows what the kept events say; copy kept/ first.",
    )  # fmt: skip


def alerts_unsent(figures: Figures) -> Finding | None:
    if figures.alerts_wait < SLOW_TELLING:
        return None
    cause = figures.alerts_error or "The mail server or the webhook does not take it."
    return Finding(
        WARN, f"An alert has not been taken for {since(figures.alerts_wait)}", cause,
        "Mend what the cause names; it is tried again for a day, ever more seldom.",
    )  # fmt: skip


ALARMS = (
    Alarm("redis-silent", "Redis does not answer",
          "Readers have their pages, from memory. New views go to spill files and are counted later; Most Viewed stands still.",
          DOCTOR, redis_silent, needs_redis=False),
    Alarm("views-refused", "Views are refused",
          "Readers' browsers are told 503 and try once more; views that are refused twice are lost.", DOCTOR, views_refused, needs_redis=False),
    Alarm("views-waiting", "Views wait to be counted", "Most Viewed is behind by as much. Nothing that waits is lost.", WORKERS, views_waiting),
    Alarm("turn-late", "An embargo or an end is late",
          "Pages ask the clock themselves and show it right; Most Viewed, “More in” and the history follow when the job runs.",
          Act("Run turn_due now", "operations.run_now", job="turn_due"), turn_late, needs_redis=False),
    Alarm("changes-untold", "Editors' changes do not reach readers",
          "Pages show what they showed before, until the change is told or their process looks itself, after some seconds.",
          Act("Run tell now", "operations.run_now", job="tell"), changes_untold, needs_redis=False),
    Alarm("lists-old", "Most Viewed is old", "The last good list stays on every page.",
          Act("Run publish_lists now", "operations.run_now", job="publish_lists"), lists_old),
    Alarm("redis-full", "Redis is nearly full",
          "None yet. Above half of it views go to spill files; full, no job is taken either.", DOCTOR, redis_full),
    Alarm("redis-forgetful", "Redis keeps nothing on disk", "Views that are not counted yet are lost if it stops.", DOCTOR, redis_forgetful),
    Alarm("redis-evicts", "Redis may throw keys away", "Views that are not counted yet may be lost, and lists with them.", DOCTOR, redis_evicts),
    Alarm("queue-idle", "Nobody works on a queue", "What the queue is for waits.", WORKERS, queue_idle),
    Alarm("worker-silent", "A worker is silent", "None, while others work on the same queue.", WORKERS, worker_silent),
    Alarm("clock-stopped", "The clock stands still",
          "Most Viewed, embargoes on lists and everything periodic stand still.", WORKERS, clock_stopped, needs_redis=False),
    Alarm("job-late", "A scheduled job is late", "What it keeps fresh grows old.",
          Act("See the schedule", "operations.board", "schedule"), job_late, needs_redis=False),
    Alarm("jobs-failed", "Jobs failed", "Mostly none: the schedule repeats what keeps the paper going.",
          Act("See the failed jobs", "operations.show_failed"), jobs_failed),
    Alarm("books-off", "The books are off", "Counts may be wrong by that many.", Act("See the books", "operations.board", "books"), books_off),
    Alarm("hours-disagree", "Recounted hours disagree", "The numbers of some articles, and Most Viewed, may be wrong by that many.",
          Act("See the books", "operations.board", "books"), hours_disagree, needs_redis=False),
    Alarm("alerts-unsent", "Alerts are not taken", "None. You learn of the next alarm only here.", DOCTOR, alerts_unsent, needs_redis=False),
)  # fmt: skip
BY_NAME = {alarm.name: alarm for alarm in ALARMS}
# No figures are read then, and no board; newsapp/ops/outage.py tells of it.
DATABASE_SILENT = Alarm(
    "database-silent", "The database does not answer",
    "Readers have the pages that are kept, for up to a day, and else an error page. Views wait in Redis and are counted later. Nobody can edit.",
    DOCTOR, lambda figures: None, needs_redis=False,
)  # fmt: skip


def alarms(figures: Figures) -> list[Raised]:
    """Those that are open, what needs acting on first."""
    found = [(alarm, finding) for alarm in ALARMS if (finding := alarm.check(figures))]
    raised = [Raised(alarm, at.tone, at.title, at.cause, at.effect or alarm.effect, at.advice) for alarm, at in found]
    return sorted(raised, key=lambda each: each.tone != BAD)
