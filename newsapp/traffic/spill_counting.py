"""Counting spill files, by the same rule as streams: cursor and counts in one transaction."""

from __future__ import annotations

import time
from datetime import datetime

import structlog
from flask import current_app
from sqlalchemy import text

from newsapp.database import write_unit
from newsapp.traffic.counting import START as FRESH
from newsapp.traffic.counting import Batch, Move, Slots, commit, cursor_of, insert_or_ignore
from newsapp.traffic.events import SLOT, SPILLED
from newsapp.traffic.models import count_cursor
from newsapp.traffic.spill import SpillFile, read_records, spill_files

log = structlog.get_logger()

AT_ONCE = 10_000 * SPILLED.size  # bytes of one commit
GONE = "spill:gone"  # the sum of all files that were counted and removed
TURN = 2.0  # seconds; the queue is also an editor's, and the next turn goes on
SETTLED = 4 * SLOT  # seconds after which no event of a file's slots can come


def offset(pos: str) -> int:
    return 0 if pos == FRESH else int(pos)


def count_spill(at: datetime) -> set[int]:
    """Count what has been spilled and not yet counted. Returns the sections whose lists it changed.

    All files share their slots, so a reader whose beacons fell into the files of several processes
    is one reader.
    """
    changed: set[int] = set()
    slots, end = Slots(), time.monotonic() + TURN
    for file in spill_files(current_app.config):
        pos = cursor_of(file.source)
        remember(slots, file, offset(pos))
        while offset(pos) < file.size and time.monotonic() < end:
            moved = count_piece(file, pos, slots, at)
            if moved is None:
                return changed
            changed |= moved[1]
            pos = moved[0]
        if file.sealed and time.time() - file.path.stat().st_mtime > SETTLED and time.time() - file.opened_at > SETTLED:
            remove(file)
    return changed


def remember(slots: Slots, file: SpillFile, end: int) -> None:
    for record in read_records(file, 0, end):
        if record is not None:
            slots.reason(record[0], record[1] - record[0].value)


def count_piece(file: SpillFile, pos: str, slots: Slots, at: datetime) -> tuple[str, set[int]] | None:
    """Count the next piece of a file. None when another worker was first."""
    start = offset(pos)
    end = min(file.size, start + AT_ONCE)
    batch = Batch()
    for record in read_records(file, start, end):
        if record is None:
            batch.add_malformed(int(at.timestamp()))
            continue
        event, spilled_at = record
        happened = spilled_at - event.value
        batch.add(event, happened, slots.reason(event, happened))
    changed = commit([Move(file.source, pos, str(end), batch.events, batch.events)], batch, at)
    return None if changed is None else (str(end), changed)


def remove(file: SpillFile) -> None:
    """Remove a counted file. The file goes first: a cursor without a file is harmless, a file without one is not."""
    pos = cursor_of(file.source)
    if offset(pos) < file.size:
        return
    file.path.unlink(missing_ok=True)
    with write_unit() as connection:
        connection.execute(insert_or_ignore(connection, count_cursor), {"source": GONE, "pos": FRESH})
        gone = connection.execute(TAKE_AWAY, {"source": file.source}).one_or_none()
        if gone is not None:  # else another worker has
            connection.execute(ADD_TO_GONE, {"gone": GONE, **gone._mapping})


TAKE_AWAY = text("DELETE FROM count_cursor WHERE source = :source RETURNING entries, events, commits")
# With its commits: the revision of lists is their sum, and must not fall.
ADD_TO_GONE = text(
    "UPDATE count_cursor SET entries = entries + :entries, events = events + :events, commits = commits + :commits WHERE source = :gone"
)
