"""PROMISES and ALARMS: what operators promise, how it is kept now, and what to do when it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from newsapp.ops.figures import Figures
from newsapp.traffic.asked import SITE
from newsapp.traffic.overload import BY_CAUSE, LADDER, Cause, Step
from newsapp.traffic.windows import WINDOWS

GOOD, WARN, BAD = "good", "warn", "bad"
KEPT_WORDS = {GOOD: "Kept", WARN: "At risk", BAD: "Broken"}
RISKY_WAIT, BROKEN_WAIT = 10.0, 60.0  # seconds that the oldest uncounted view has waited
TONES = {"inbox": (GOOD, "Fine"), "spill": (WARN, "Late"), "refused": (BAD, "Lost")}  # by step of the ladder
RISKY_TURN, BROKEN_TURN = 10.0, 60.0  # seconds that an embargo or an end is late
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
    """Of inbox and spill. While Redis is silent the spill alone can tell, and only what is bad."""
    if figures.inbox:
        return max(figures.inbox.oldest, figures.spill.oldest)
    return figures.spill.oldest if figures.spill.oldest >= RISKY_WAIT else None


def imbalance(figures: Figures) -> float | None:
    """Of views and of signals."""
    return sum(abs(books["balance"]) for books in (figures.books, figures.signals) if books) if figures.books else None


def list_age(figures: Figures) -> float | None:
    return max((age.seconds for age in figures.lists if age.scope == SITE), default=None)


def memory_share(figures: Figures) -> float | None:
    return 100 * figures.redis.used / figures.redis.limit if figures.redis and figures.redis.limit else None


PROMISES = (
    Promise("Views are counted at once", "The oldest view that waits has waited less than 10\u00a0s", "s", RISKY_WAIT, BROKEN_WAIT, oldest_wait),
    Promise("No view is lost or counted twice", "Received = counted + filtered + waiting", "events off", 1, 1, imbalance),
    Promise("Recounted hours agree", "A sample of kept hours, counted again each day", "views off", 1, 1, lambda f: f.recount_off),
    Promise("Most Viewed is fresh", "No list of the site is older than 60\u00a0s", "s", 60, 180, list_age),
    Promise("Editors' changes reach readers", "A saved change is told within 5\u00a0s", "s", 5, 30, lambda f: f.untold),
    Promise("Embargoes and ends are on time", "What was planned is done within 10\u00a0s", "s", RISKY_TURN, BROKEN_TURN, lambda f: f.turn_late),
    Promise("The inbox has room", "Redis uses less than 60\u00a0% of its memory", "%", 60, 85, memory_share),
    Promise(
        "The clock runs", "Something of the schedule began in the last 15\u00a0s", "s", 15, 60,
        lambda f: min((turn.ago for turn in f.turns), default=None),
    ),
    Promise("Work succeeds", "No failed job is left lying", "jobs", 1, 20, lambda f: sum(line.failed for line in f.queues) if f.redis else None),
)  # fmt: skip


class Rung(NamedTuple):
    """A step of the ladder as the board shows it. `word` tells how good it is that processes stand there; empty when none does."""

    title: str
    text: str
    processes: int
    tone: str
    word: str


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


def rungs(figures: Figures) -> list[Rung]:
    """The steps that events can take, and how many web processes stand on each."""
    return [rung(figures, step, *TONES[step.name]) for step in LADDER]


def rung(figures: Figures, step: Step, tone: str, word: str) -> Rung:
    processes = sum(stand.processes for stand in figures.stands if stand.step == step.name)
    return Rung(step.title, told(causes_of(figures, step)) or step.help, processes, tone, word if processes else "")


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
    return Alarm(BAD, "Redis keeps nothing on disk", cause, effect, "Set appendonly yes and appendfsync always, and see that its disk has room.")


def idle_queue(figures: Figures) -> Alarm | None:
    names = [line.name for line in figures.queues if not line.workers]
    if not names:
        return None
    effect = "Views wait in the inbox." if "count" in names else "What editors or imports ask for waits."
    cause, advice = "No worker process of the queue is heard.", f"Start one: python -m workers {names[0]}"
    return Alarm(BAD, f"Nobody works on: {', '.join(names)}", cause, effect, advice)


def unbalanced(figures: Figures) -> Alarm | None:
    found = {"views": figures.books, "signals": figures.signals}
    off = [f"{books['balance']:,} {name}" for name, books in found.items() if books and books["balance"]]
    if not off:
        return None
    return Alarm(
        BAD, f"The books are off by {' and '.join(off)}",
        "Events were received that are neither counted, filtered nor waiting, or the other way round.",
        "Counts may be wrong by that many.", "Note the time and the figures below; look for “Redis came back older” in the workers' log.",
    )  # fmt: skip


def disagreeing(figures: Figures) -> Alarm | None:
    if not figures.recount_off:
        return None
    return Alarm(
        BAD, f"Hours counted again differ by {figures.recount_off:,} views",
        "The tables of some hours do not say what their kept events add up to.",
        "The numbers of some articles, and Most Viewed, may be wrong by that many.",
        "See whether the database was restored, or changed by hand. newsapp recount shows what the kept events say; copy kept/ first.",
    )  # fmt: skip


def refused(figures: Figures) -> Alarm | None:
    causes = causes_of(figures, LADDER[-1])
    if not causes:
        return None
    effect = "Readers' browsers are told 503 and try once more; views that are refused twice are lost."
    return Alarm(BAD, "Views are refused", told(causes), effect, " ".join(cause.advice for cause in causes))


def waiting(figures: Figures) -> Alarm | None:
    """By the age of the oldest, not by how many: a long queue that moves is no trouble."""
    seconds = oldest_wait(figures)
    if seconds is None or seconds < RISKY_WAIT:
        return None
    causes = [cause for step in LADDER[1:] for cause in causes_of(figures, step)]
    return Alarm(
        BAD if seconds >= BROKEN_WAIT else WARN, f"A view has waited {' '.join(spoken(seconds))} to be counted",
        told(causes) or "Events come faster than they are counted, or nobody counts them.",
        "Most Viewed is behind by as much. Nothing that waits is lost.",
        " ".join(cause.advice for cause in causes) or "See that a worker runs on the queues count and desk, and that the database has room.",
    )  # fmt: skip


def causes_of(figures: Figures, step: Step) -> list[Cause]:
    """Why web processes stand on a step."""
    return [BY_CAUSE[stand.cause] for stand in figures.stands if stand.step == step.name and stand.cause in BY_CAUSE]


def told(causes: list[Cause]) -> str:
    return " ".join(cause.text for cause in causes)


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


def late_turn(figures: Figures) -> Alarm | None:
    if figures.turn_late < RISKY_TURN:
        return None
    return Alarm(
        BAD if figures.turn_late >= BROKEN_TURN else WARN, f"An embargo or an end is {' '.join(spoken(figures.turn_late))} late",
        "The job turn_due has not run since its moment.",
        "Pages ask the clock themselves and show it right; Most Viewed, “More in” and the history follow when the job runs.",
        "See that a worker runs on the queue desk, and that the database takes writes. What was missed is made up for.",
    )  # fmt: skip


ALARMS = (silent_redis, refused, waiting, late_turn, forgetful_redis, idle_queue, unbalanced, disagreeing, failed, late)


def alarms(figures: Figures) -> list[Alarm]:
    """Those that are open, what needs acting on first."""
    found = [alarm for check in ALARMS if (alarm := check(figures))]
    return sorted(found, key=lambda alarm: alarm.tone != BAD)
