"""LADDER and CAUSES: where an event goes when the inbox cannot take it, and why.

Each web process stands on one step: its events go to the inbox, else to the spill, else they are
refused with an honest 503. Nothing is sampled. It says once when its step changes, and keeps its
step in a file that the board and /metrics read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import structlog

from newsapp.config import Config
from newsapp.ops.metrics import SPILLED, UNSTORED
from newsapp.traffic.inbox import Inbox, Offer, Outcome
from newsapp.traffic.spill import Spill, is_sealed

log = structlog.get_logger()

WIDTH = 32  # bytes of a process's note, always the same: a full disk does not keep it from being written over
LEFT_LYING = 60.0  # seconds after which the note of a process that is gone is removed


@dataclass(frozen=True)
class Step:
    """One step, the best first."""

    name: str
    title: str
    help: str


@dataclass(frozen=True)
class Cause:
    """Why a process stands on a step below the first, and how to mend it."""

    name: str
    step: str
    text: str
    advice: str


LADDER = (
    Step("inbox", "Views go to the inbox", "A stream of Redis takes each, up to INBOX_MEMORY."),
    Step("spill", "Views go to spill files", "The disk of the home takes each, up to SPILL_DISK; they are counted as soon as workers can."),
    Step("refused", "Views are refused", "Readers' browsers are told 503 and try once more; what is refused twice is lost."),
)
CAUSES = (
    Cause(
        "full", "spill", "The inbox holds more than INBOX_MEMORY: views come faster than they are counted.",
        "See that workers run on the queue count. More of them (COUNT_WORKERS), more SHARDS or more INBOX_MEMORY give room.",
    ),
    Cause("away", "spill", "Redis cannot be reached.", "Start it again; newsapp up does so by itself. Elsewhere look at its log, and at REDIS_URL."),
    Cause("hung", "spill", "Redis was sent a view and did not answer in time.", "See what keeps it: its log, its disk, the load of its machine."),
    Cause("refused", "spill", "Redis answers and takes no writes.", "It loads, is a replica, is at maxmemory, or its disk is full: its log tells."),
    Cause("foreign", "spill", "This Redis belongs to another installation.", "Set REDIS_URL to this installation's own."),
    Cause("budget", "refused", "Spill files take more than SPILL_DISK.", "Workers count them once Redis and the database answer."),
    Cause("disk", "refused", "The disk of the home takes no more views.", "Make room there: SPILL_DISK_FREE bytes must be free."),
)  # fmt: skip
INBOX = LADDER[0]
BY_CAUSE = {cause.name: cause for cause in CAUSES}
STEP_OF = {"": INBOX.name} | {cause.name: cause.step for cause in CAUSES}


class Stand(NamedTuple):
    """Where web processes stand, and why."""

    step: str
    cause: str
    processes: int


class Ladder:
    """Where this process's events go: to the first step that takes them."""

    def __init__(self, config: Config, inbox: Inbox, spills: Mapping[str, Spill]) -> None:
        self.inbox, self.spills = inbox, spills
        self.note = Note(config)
        self.cause: str | None = None  # empty on the first step; None before anybody has looked
        self.lock = threading.Lock()

    def store(self, offer: Offer) -> bool:
        """Keep an event. False when it is not stored, or nobody can say whether it is."""
        return self.settle(offer, self.inbox.add(offer.stream, offer.number, offer.packed))

    def settle(self, offer: Offer, outcome: Outcome) -> bool:
        """Keep what the inbox has certainly not got. False as above."""
        if outcome is Outcome.STORED:
            return True
        spill = self.spills[offer.stream]
        spilled = outcome is Outcome.NOT_SENT and spill.append(offer.packed, int(offer.at))
        if spilled:
            SPILLED.labels(self.inbox.why() or self.inbox.fault).inc()
        else:
            UNSTORED.labels("hung" if outcome is Outcome.UNKNOWN else spill.why() or "disk").inc()
        self.look()
        return spilled

    def look(self) -> None:
        """Find out where this process stands; say so once when that has changed."""
        cause = self.inbox.why()
        if cause:
            cause = next(filter(None, (spill.why() for spill in self.spills.values())), cause)
        if cause == self.cause:
            return
        with self.lock:
            before, self.cause = self.cause, cause
        if before != cause:
            self.note.write(f"{STEP_OF[cause]} {cause}")
            tell(before, cause)


def tell(before: str | None, cause: str) -> None:
    """Log a change of step, with how to mend it."""
    step = STEP_OF[cause]
    if cause:
        say = log.error if step == LADDER[-1].name else log.warning
        say("overload: this process has changed its step", step=step, cause=cause, why=BY_CAUSE[cause].text, mend=BY_CAUSE[cause].advice)
    elif before is not None:
        log.info("overload is over: events go to the inbox again", step=step, was=before)


class Note:
    """The file in which a process keeps its step; locked for as long as the process lives."""

    def __init__(self, config: Config) -> None:
        self.folder = folder(config)
        self.descriptor: int | None = None

    def write(self, text: str) -> None:
        """Write over what stood there. A note that cannot be written harms no event."""
        try:
            if self.descriptor is None:
                self.descriptor = self.opened()
            os.pwrite(self.descriptor, text.ljust(WIDTH).encode(), 0)
        except OSError as error:
            log.warning("the board cannot be told of this step", step=text, error=str(error))

    def opened(self) -> int:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(self.folder)
        descriptor = os.open(self.folder / f"{os.getpid()}-{time.monotonic_ns()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor


def folder(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "run" / "steps"


def sweep(notes: Path) -> None:
    """Remove the notes of processes that are gone, but none so new that it may be about to be locked."""
    for path in notes.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > LEFT_LYING and is_sealed(path):
                path.unlink()


def stands(config: Config) -> tuple[Stand, ...]:
    """Where the web processes of this home stand, the best step first."""
    counted = Counter(notes_of_the_living(folder(config)))
    order = {step.name: number for number, step in enumerate(LADDER)}
    found = [Stand(step, cause, processes) for (step, cause), processes in counted.items()]
    return tuple(sorted(found, key=lambda stand: (order[stand.step], stand.cause)))


def notes_of_the_living(notes: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(notes.glob("*")):
        with contextlib.suppress(FileNotFoundError):
            step, _, cause = path.read_text().strip().partition(" ")
            if step in {each.name for each in LADDER} and not is_sealed(path):
                yield step, cause
