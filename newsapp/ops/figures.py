"""What the board shows, as plain records: the figures of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsapp.traffic.ledger import Balance
    from newsapp.traffic.overload import Stand


@dataclass(frozen=True)
class RedisFigures:
    """What Redis says of itself. `limit` is its maxmemory, 0 without one."""

    version: str
    used: int
    limit: int
    persists: bool
    last_write_ok: bool


@dataclass(frozen=True)
class InboxFigures:
    """Entries not counted yet, and how many seconds the oldest has waited."""

    waiting: int
    oldest: float


@dataclass(frozen=True)
class ListAge:
    scope: str
    window: str
    seconds: float


@dataclass(frozen=True)
class QueueFigures:
    name: str
    help: str
    waiting: int
    failed: int
    workers: int


@dataclass(frozen=True)
class WorkerFigures:
    name: str
    queues: str
    state: str
    heard: float  # seconds ago
    job: str


@dataclass(frozen=True)
class SpillFigures:
    """Files and their bytes, those already counted included; and how many seconds the oldest uncounted event has waited."""

    files: int
    size: int
    oldest: float


@dataclass(frozen=True)
class Turn:
    """A job of the schedule. `late` is known where the schedule told its period."""

    job: str
    started: int
    finished: int
    ago: int
    late: bool


@dataclass(frozen=True)
class Figures:
    """All of it, as of one moment. What only Redis knows is None or empty while it does not answer."""

    at: datetime
    redis: RedisFigures | None
    why_not: str  # what Redis's silence looked like
    inbox: InboxFigures | None
    lists: tuple[ListAge, ...]
    queues: tuple[QueueFigures, ...]
    workers: tuple[WorkerFigures, ...]
    books: Balance | None  # of views
    signals: Balance | None
    held: int | None  # views that editors may release
    kept_hours: int  # of which events are kept
    recount_off: int | None  # by how many views hours counted again lately differ; None where none was
    spill: SpillFigures
    stands: tuple[Stand, ...]  # of the web processes, on the ladder of overload
    turns: tuple[Turn, ...]
    untold: float  # seconds that the oldest untold change has waited
    database_size: int
    turn_late: float  # seconds that the oldest turn of the clock is late
