"""PROMISES and ALARMS: what operators promise, how it is kept now, and what to do when it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from newsapp.ops.figures import Figures
from newsapp.traffic.ranking import SITE
from newsapp.traffic.windows import WINDOWS

GOOD, WARN, BAD = "good", "warn", "bad"
KEPT_WORDS = {GOOD: "Kept", WARN: "At risk", BAD: "Broken"}
SILENT = 90.0  # seconds after which a worker that was not heard is taken for gone


@dataclass(frozen=True)
class Promise:
    """One promise: how far it is from broken, in its own unit. `measure` gives None when that cannot be known now."""

    title: str
    text: str
    unit: str
    risky: float  # from here on it is at risk
    broken: float  # and from here on broken
    measure: Callable[[Figures], float | None]

    def tone(self, value: float) -> str:
        return BAD if value >= self.broken else WARN if value >= self.risky else GOOD


def oldest_wait(figures: Figures) -> float | None:
    return figures.inbox.oldest if figures.inbox else None


def imbalance(figures: Figures) -> float | None:
    return abs(figures.books["balance"]) if figures.books else None


def list_age(figures: Figures) -> float | None:
    return max((age.seconds for age in figures.lists if age.scope == SITE), default=None)


def memory_share(figures: Figures) -> float | None:
    return 100 * figures.redis.used / figures.redis.limit if figures.redis and figures.redis.limit else None


PROMISES = (
    Promise("Views are counted at once", "The oldest view that waits has waited less than 10\u00a0s", "s", 10, 60, oldest_wait),
    Promise("No view is lost or counted twice", "Received = counted + filtered + waiting", "views off", 1, 1, imbalance),
    Promise("Most Viewed is fresh", "No list of the site is older than 60\u00a0s", "s", 60, 180, list_age),
    Promise("Editors' changes reach readers", "A saved change is told within 5\u00a0s", "s", 5, 30, lambda f: f.untold),
    Promise("The inbox has room", "Redis uses less than 60\u00a0% of its memory", "%", 60, 85, memory_share),
    Promise(
        "The clock runs", "Something of the schedule began in the last 15\u00a0s", "s", 15, 60,
        lambda f: min((turn.ago for turn in f.turns), default=None),
    ),
    Promise("Work succeeds", "No failed job is left lying", "jobs", 1, 20, lambda f: sum(line.failed for line in f.queues) if f.redis else None),
)  # fmt: skip


class Tile(NamedTuple):
    """A promise as the board shows it."""

    title: str
    text: str
    value: str
    unit: str
    tone: str
    word: str


class Alarm(NamedTuple):
    """Something to act on or to watch: why it is so, what it means for readers, what to do."""

    tone: str
    title: str
    cause: str
    effect: str
    advice: str


def tile(promise: Promise, figures: Figures) -> Tile:
    value = promise.measure(figures)
    if value is None:
        return Tile(promise.title, promise.text, "–", "", WARN, "Unknown")
    tone = promise.tone(value)
    shown, unit = spoken(value) if promise.unit == "s" else (f"{value:,.0f}", promise.unit)
    return Tile(promise.title, promise.text, shown, unit, tone, KEPT_WORDS[tone])


def tiles(figures: Figures) -> list[Tile]:
    return [tile(promise, figures) for promise in PROMISES]


def summary(shown: list[Tile]) -> tuple[str, str]:
    """(tone, words) of the whole board."""
    counts = {word: sum(each.word == word for each in shown) for word in ("Broken", "At risk", "Unknown")}
    said = ", ".join(f"{count} {word.lower()}" for word, count in counts.items() if count)
    return (BAD if counts["Broken"] else WARN, said) if said else (GOOD, "All promises kept")


def ages_by_window(figures: Figures) -> list[tuple[str, list[float]]]:
    """(label, ages in seconds) of each window's lists, in the windows' order."""
    found = [(window.label, [age.seconds for age in figures.lists if age.window == window.slug]) for window in WINDOWS]
    return [(label, ages) for label, ages in found if ages]


def spoken(seconds: float) -> tuple[str, str]:
    """A span in its handiest unit."""
    for limit, divisor, unit in ((99.5, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f}", unit
    return f"{seconds / 86_400:.0f}", "days"


def size(count: int) -> str:
    """Bytes in their handiest unit."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def silent_redis(figures: Figures) -> Alarm | None:
    if figures.redis:
        return None
    return Alarm(
        BAD, "Redis does not answer", figures.why_not,
        "Readers have their pages, from memory. New views go to spill files and are counted later; Most Viewed stands still.",
        "Start it again. newsapp up does so by itself; elsewhere look at its log and its disk.",
    )  # fmt: skip


def forgetful_redis(figures: Figures) -> Alarm | None:
    if not figures.redis or (figures.redis.persists and figures.redis.last_write_ok):
        return None
    cause = "Its last write to disk failed." if figures.redis.persists else "appendonly is off."
    effect = "Views that are not counted yet are lost if it stops."
    return Alarm(BAD, "Redis keeps nothing on disk", cause, effect, "Set appendonly yes and appendfsync everysec, and see that its disk has room.")


def idle_queue(figures: Figures) -> Alarm | None:
    names = [line.name for line in figures.queues if not line.workers]
    if not names:
        return None
    effect = "Views wait in the inbox." if "count" in names else "What editors or imports ask for waits."
    cause, advice = "No worker process of the queue is heard.", f"Start one: python -m workers {names[0]}"
    return Alarm(BAD, f"Nobody works on: {', '.join(names)}", cause, effect, advice)


def unbalanced(figures: Figures) -> Alarm | None:
    if not figures.books or figures.books["balance"] == 0:
        return None
    return Alarm(
        BAD, f"The books are off by {figures.books['balance']:,}",
        "Events were received that are neither counted, filtered nor waiting, or the other way round.",
        "Counts may be wrong by that many.", "Note the time and the figures below; look for “Redis came back older” in the workers' log.",
    )  # fmt: skip


def spilled(figures: Figures) -> Alarm | None:
    if not figures.spill.files:
        return None
    return Alarm(
        WARN, f"{size(figures.spill.size)} of views wait in spill files", "Redis could not take them: it was away, full or too slow.",
        "They are counted late, none is lost.", "Nothing, once Redis answers: workers count the files every few seconds.",
    )  # fmt: skip


def failed(figures: Figures) -> Alarm | None:
    names = [f"{line.failed} on {line.name}" for line in figures.queues if line.failed]
    if not names:
        return None
    return Alarm(
        WARN, f"Jobs failed: {', '.join(names)}", "A job raised an error; its trace is kept with it for a week.",
        "The schedule repeats what keeps the paper going.", "Read the workers' log; empty the list with rq when it is understood.",
    )  # fmt: skip


def late(figures: Figures) -> Alarm | None:
    jobs = [turn.job for turn in figures.turns if turn.late]
    if not jobs:
        return None
    cause, effect = "Their turns were not taken by any worker.", "What they keep fresh grows old."
    return Alarm(WARN, f"Late: {', '.join(jobs)}", cause, effect, "See that workers run.")


ALARMS = (silent_redis, forgetful_redis, idle_queue, unbalanced, spilled, failed, late)


def alarms(figures: Figures) -> list[Alarm]:
    """Those that are open, what needs acting on first."""
    found = [alarm for check in ALARMS if (alarm := check(figures))]
    return sorted(found, key=lambda alarm: alarm.tone != BAD)
