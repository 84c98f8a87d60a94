"""What the board shows, as plain records: the figures of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsapp.traffic.ledger import Balance


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
    files: int
    size: int


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
    books: Balance | None
    spill: SpillFigures
    turns: tuple[Turn, ...]
    untold: float  # seconds that the oldest untold change has waited
    database_size: int
