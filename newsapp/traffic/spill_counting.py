"""Counting spill files, by the same rule as streams: cursor and counts in one transaction."""

from __future__ import annotations

import math
import time
from collections import Counter
from datetime import datetime

import numpy as np
import structlog
from flask import current_app
from sqlalchemy import Connection, text

from newsapp.database import write_unit
from newsapp.traffic.counter import keeper
from newsapp.traffic.counting import HOUR, Batch, Move, commit, cursor_of
from newsapp.traffic.counting import START as FRESH
from newsapp.traffic.days import SITE_ZONE
from newsapp.traffic.events import SLOT, SPILLED, SPILLING, VIEWS, Kind, late_by, unpack, unpack_spilled
from newsapp.traffic.judging import Judge
from newsapp.traffic.kept import note_kept, records_of
from newsapp.traffic.lately import is_read_elsewhere
from newsapp.traffic.lines import BY_STREAM, Line
from newsapp.traffic.models import count_cursor
from newsapp.traffic.rules import KNOWN
from newsapp.traffic.spill import SpillFile, spill_files
from newsapp.traffic.uniques import adding_visitors
from newsapp.traffic.upserts import insert_or_ignore

log = structlog.get_logger()

AT_ONCE = 10_000 * SPILLED.size  # bytes of one commit
GONE = {stream: "spill:gone" if stream == VIEWS else f"spill:gone:{stream}" for stream in SPILLING}  # the sums of files counted and removed
TURN = 2.0  # seconds; the queue is also an editor's, and the next turn goes on
SETTLED = 4 * SLOT  # seconds after which no event of a file's slots can come


def offset(pos: str) -> int:
    return 0 if pos == FRESH else int(pos)


def count_spill(at: datetime) -> int:
    """Count what has been spilled and not yet counted. Returns how many events.

    All files of a stream share their slots, so a reader whose beacons fell into the files of several
    processes is one reader.
    """
    end = time.monotonic() + TURN
    return sum(count_files(BY_STREAM[stream], at, end) for stream in SPILLING)


def count_files(line: Line, at: datetime, end: float) -> int:
    counted, judge = 0, Judge(math.inf, is_read_elsewhere)
    for file in [file for file in spill_files(current_app.config) if file.stream == line.stream]:
        pos = cursor_of(file.source)
        remember(judge, line, file, offset(pos))
        while offset(pos) < file.size and time.monotonic() < end:
            moved = count_piece(file, line, pos, judge, at)
            if moved is None:
                return counted
            counted += (moved - offset(pos)) // SPILLED.size
            pos = str(moved)
        if file.sealed and time.time() - file.path.stat().st_mtime > SETTLED and time.time() - file.opened_at > SETTLED:
            remove(file)
    return counted


def read_records(file: SpillFile, start: int, end: int, kind: Kind) -> Batch:
    """The events between two offsets; a torn one is booked as one that cannot be read.

    The time is held between the file's opening and now, so that a clock that jumped cannot send
    events into other years.
    """
    with open(file.path, "rb") as stream:
        stream.seek(start)
        content = stream.read(end - start)
    latest = max(int(time.time()), file.opened_at)
    records = [unpack_spilled(content[offset : offset + SPILLED.size]) for offset in range(0, len(content) - SPILLED.size + 1, SPILLED.size)]
    whole = [record for record in records if record is not None]
    torn = Counter({latest // HOUR: len(records) - len(whole)} if len(whole) < len(records) else {})
    if not whole:
        return Batch(malformed=torn, kind=kind.code)
    events = unpack(b"".join(packed for packed, _ in whole))
    at = np.clip(np.array([second for _, second in whole], "i8"), file.opened_at, latest)
    return Batch(events, at - late_by(events), torn, kind.code)


def remember(judge: Judge, line: Line, file: SpillFile, end: int) -> None:
    """Judge what was counted before once more: only for what judging remembers of it."""
    if end:
        line.judged(read_records(file, 0, end, line.kind), judge, KNOWN.read(), SITE_ZONE.read())


def count_piece(file: SpillFile, line: Line, pos: str, judge: Judge, at: datetime) -> int | None:
    """Count the next piece of a file. Returns where it ends; None when another worker was first."""
    start = offset(pos)
    end = min(file.size, start + AT_ONCE)
    batch = read_records(file, start, end, line.kind)
    judged = line.judged(batch, judge, KNOWN.read(), SITE_ZONE.read())
    records = records_of(batch.events, batch.at, judged.reasons)
    numbers = keeper().keep(file.source, pos, str(end), records) if line.kept else {}

    def write(connection: Connection) -> None:
        judged.write(connection)
        note_kept(connection, numbers)

    with adding_visitors(current_app.extensions["redis_jobs"], batch, judged.reasons):
        done = commit([Move(file.source, pos, str(end), batch.size, batch.size)], write, at)
    return end if done else None


def remove(file: SpillFile) -> None:
    """Remove a counted file. The file goes first: a cursor without a file is harmless, a file without one is not."""
    pos = cursor_of(file.source)
    if offset(pos) < file.size:
        return
    file.path.unlink(missing_ok=True)
    gone = GONE[file.stream]
    with write_unit() as connection:
        connection.execute(insert_or_ignore(connection, count_cursor), {"source": gone, "pos": FRESH})
        row = connection.execute(TAKE_AWAY, {"source": file.source}).one_or_none()
        if row is not None:  # else another worker has
            connection.execute(ADD_TO_GONE, {"gone": gone, **row._mapping})


TAKE_AWAY = text("DELETE FROM count_cursor WHERE source = :source RETURNING entries, events, commits")
# With its commits: the revision of lists is their sum, and must not fall.
ADD_TO_GONE = text(
    "UPDATE count_cursor SET entries = entries + :entries, events = events + :events, commits = commits + :commits WHERE source = :gone"
)
