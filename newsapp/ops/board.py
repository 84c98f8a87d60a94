"""PROMISES: what operators promise, and how it is kept now. What stands against them: alarms.py."""

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
RISKY_TELLING, BROKEN_TELLING = 5.0, 30.0  # seconds that a saved change is untold
RISKY_LIST, BROKEN_LIST = 60.0, 180.0  # seconds that a list of the site is old
RISKY_ROOM, BROKEN_ROOM = 60.0, 85.0  # % of Redis's memory that are used
RISKY_AGE, BROKEN_AGE = 15.0, 60.0  # seconds since anything of the schedule began
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


def last_beginning(figures: Figures) -> float | None:
    return min((turn.ago for turn in figures.turns), default=None)


PROMISES = (
    Promise("Views are counted at once", "The oldest view that waits has waited less than 10\u00a0s", "s", RISKY_WAIT, BROKEN_WAIT, oldest_wait),
    Promise("No view is lost or counted twice", "Received = counted + filtered + waiting", "events off", 1, 1, imbalance),
    Promise("Recounted hours agree", "A sample of kept hours, counted again each day", "views off", 1, 1, lambda f: f.recount_off),
    Promise("Most Viewed is fresh", "No list of the site is older than 60\u00a0s", "s", RISKY_LIST, BROKEN_LIST, list_age),
    Promise("Editors' changes reach readers", "A saved change is told within 5\u00a0s", "s", RISKY_TELLING, BROKEN_TELLING, lambda f: f.untold),
    Promise("Embargoes and ends are on time", "What was planned is done within 10\u00a0s", "s", RISKY_TURN, BROKEN_TURN, lambda f: f.turn_late),
    Promise("The inbox has room", "Redis uses less than 60\u00a0% of its memory", "%", RISKY_ROOM, BROKEN_ROOM, memory_share),
    Promise("The clock runs", "Something of the schedule began in the last 15\u00a0s", "s", RISKY_AGE, BROKEN_AGE, last_beginning),
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


def duration(seconds: float) -> str:
    """A short span, to two figures."""
    return f"{seconds * 1000:.2g}\u00a0ms" if seconds < 0.0995 else f"{seconds:.2f}\u00a0s" if seconds < 9.95 else f"{seconds:,.0f}\u00a0s"


def size(count: int) -> str:
    """Bytes in their handiest unit."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def causes_of(figures: Figures, step: Step) -> list[Cause]:
    """Why web processes stand on a step."""
    return [BY_CAUSE[stand.cause] for stand in figures.stands if stand.step == step.name and stand.cause in BY_CAUSE]


def told(causes: list[Cause]) -> str:
    return " ".join(cause.text for cause in causes)
