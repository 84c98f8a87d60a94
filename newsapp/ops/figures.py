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
    policy: str = ""  # what it does when its memory is full
    evicted: int = 0  # keys that it threw away
    clients: int = 0
    up: int = 0  # seconds


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
    oldest: float = 0.0  # seconds that its oldest job has waited
    rate: int = 0  # jobs done in the last full minute


@dataclass(frozen=True)
class WorkerFigures:
    name: str
    queues: str
    state: str
    heard: float  # seconds ago
    job: str
    memory: int = 0  # bytes; 0 where it has not said
    is_quiet: bool = False  # takes no more jobs


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
    due_in: int | None = None  # seconds until its next turn; less than 0: since when it is due
    help: str = ""


@dataclass(frozen=True)
class JobTimes:
    """How long the latest runs of a job took, in seconds."""

    job: str
    queue: str
    runs: int  # that this is of
    median: float
    high: float  # 95 of 100 runs took less
    ago: float  # seconds since the last one


@dataclass(frozen=True)
class CopyFigures:
    """A copy in Redis. `revision` is None where there is none."""

    name: str
    revision: int | None
    size: int


@dataclass(frozen=True)
class SlowQuery:
    at: datetime
    seconds: float
    role: str
    statement: str


@dataclass(frozen=True)
class PageCacheFigures:
    """Of all web processes of this machine."""

    processes: int
    pages: int
    size: int
    limit: int


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
    times: tuple[JobTimes, ...] = ()
    copies: tuple[CopyFigures, ...] = ()
    slow: tuple[SlowQuery, ...] = ()
    page_cache: PageCacheFigures | None = None  # None where no web process of this machine tells
    alerts_wait: float = 0.0  # seconds that the oldest alert has waited to be taken
    alerts_error: str = ""  # what the mail server or the webhook said last
