"""Kept events: every judged event in files by the hour, to count them again under another rule.

A piece is written before the commit that counts it, and its number stands in a row of that commit:
what a worker wrote and died before committing is in a file, and not read. An hour that is over is
sealed into one compressed file.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import shutil
import struct
import time
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import structlog
from flask import current_app
from sqlalchemy import Connection, delete, insert, select

from newsapp.config import Config
from newsapp.database import db, write_unit
from newsapp.settings.store import site_values
from newsapp.traffic.events import FIELDS, Events
from newsapp.traffic.inbox import id_parts
from newsapp.traffic.models import kept_chunk

log = structlog.get_logger()

HOUR = 3600
RECORDS = np.dtype([("event", FIELDS), ("at", "<u4"), ("reason", "u1")])  # 25 bytes: the event, when it happened, what was judged
HEADER = struct.Struct("<4sQIIHHH")  # mark, number, records, CRC of them, lengths of source, old and new position
MARK = b"\x89nk1"
OPEN_FOR = 2  # hours after which an hour's pieces are sealed
SEALED = ".events.gz"

Array = np.ndarray[Any, Any]


class Chunk(NamedTuple):
    """One hour's events of one commit: those of `source` between two positions of its cursor, in their order."""

    number: int
    source: str
    old: str
    new: str
    records: Array  # of RECORDS

    def pack(self) -> bytes:
        payload = self.records.tobytes()
        words = [word.encode() for word in (self.source, self.old, self.new)]
        header = HEADER.pack(MARK, self.number, len(self.records), zlib.crc32(payload), *map(len, words))
        return header + b"".join(words) + payload


def folder(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "kept"


def records_of(events: Events, at: Array, reasons: Array) -> Array:
    """Events with when they happened and what was judged, as files keep them."""
    records = np.empty(len(events), RECORDS)
    records["event"], records["at"], records["reason"] = events, at, reasons
    return records


class Keeper:
    """This process's files, one for each hour it counts events of."""

    def __init__(self, config: Config) -> None:
        self.folder = folder(config)
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}.events"

    def keep(self, source: str, old: str, new: str, records: Array) -> dict[int, int]:
        """Write one piece for each hour of the records. Returns their numbers by hour; none where the disk has no room: counting goes on."""
        numbers: dict[int, int] = {}
        hours = records["at"] // HOUR
        try:
            for hour in np.unique(hours).tolist():
                chunk = Chunk(secrets.randbits(62), source, old, new, records[hours == hour])
                self.append(hour, chunk.pack())
                numbers[hour] = chunk.number
        except OSError as error:
            log.error("events not kept; they are counted, and cannot be counted again", error=str(error))
        return numbers

    def append(self, hour: int, packed: bytes) -> None:
        place = self.folder / str(hour)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(place / self.name, "ab", buffering=0) as file:
            end = file.tell()
            if file.write(packed) != len(packed):
                file.truncate(end)
                raise OSError("no room left on the disk")


def note_kept(connection: Connection, numbers: dict[int, int]) -> None:
    """In the counting transaction: these pieces are true."""
    if numbers:
        connection.execute(insert(kept_chunk), [{"chunk": number, "hour": hour} for hour, number in numbers.items()])


def chunks_in(content: bytes, start: int = 0) -> Iterator[tuple[Chunk, int]]:
    """The whole pieces of a file and where each ends; what is torn is passed over."""
    while (start := content.find(MARK, start)) >= 0 and start + HEADER.size <= len(content):
        _, number, records, crc, *lengths = HEADER.unpack_from(content, start)
        body = start + HEADER.size + sum(lengths)
        end = body + records * RECORDS.itemsize
        payload = content[body:end]
        if end > len(content) or zlib.crc32(payload) != crc:
            start += 1
            continue
        words, place = [], start + HEADER.size
        for length in lengths:
            words.append(content[place : place + length].decode(errors="replace"))
            place += length
        source, old, new = words
        yield Chunk(number, source, old, new, np.frombuffer(payload, RECORDS)), end
        start = end


def committed(sql: Connection, hours: list[int]) -> set[int]:
    """The numbers of the pieces of these hours that were counted."""
    return set(sql.scalars(select(kept_chunk.c.chunk).where(kept_chunk.c.hour.in_(hours))))


def read_hour(hour: int) -> list[Chunk]:
    """All that was counted of an hour and kept: its sealed file, and the pieces since."""
    place = folder(current_app.config)
    with db.engine.connect() as sql:
        true = committed(sql, [hour])
    found: dict[int, Chunk] = {}
    for chunk in read_sealed(place, hour):
        found[chunk.number] = chunk
    for path in sorted((place / str(hour)).glob("*.events")):
        found.update((chunk.number, chunk) for chunk, _ in chunks_in(path.read_bytes()) if chunk.number in true)
    return list(found.values())


def read_sealed(place: Path, hour: int) -> Iterator[Chunk]:
    with contextlib.suppress(FileNotFoundError), gzip.open(place / f"{hour}{SEALED}", "rb") as file:
        yield from (chunk for chunk, _ in chunks_in(file.read()))


def kept_hours() -> list[int]:
    """The hours of which events are kept, the oldest first."""
    place = folder(current_app.config)
    names = [path.name.removesuffix(SEALED) for path in place.glob("*")] if place.exists() else []
    return sorted({int(name) for name in names if name.isdecimal()})


def seal_hours(at: datetime) -> None:
    """Seal the hours that are over, and let go of what is older than the editors' setting keeps."""
    place, newest = folder(current_app.config), int(at.timestamp()) // HOUR
    kept_for = 24 * int(site_values()["events_kept_days"])
    for hour in kept_hours():
        if hour < newest - max(kept_for, OPEN_FOR):
            drop_hour(place, hour)
        elif hour <= newest - OPEN_FOR and (place / str(hour)).exists():
            seal(place, hour)


def seal(place: Path, hour: int) -> None:
    """One compressed file in place of an hour's pieces, which go after it, and their rows last: a crash in between doubles nothing."""
    chunks = read_hour(hour)
    fresh = place / f".{hour}.{os.getpid()}"
    with gzip.open(fresh, "wb", compresslevel=6) as file:
        for chunk in chunks:
            file.write(chunk.pack())
    with open(fresh, "rb") as written:
        os.fsync(written.fileno())
    os.replace(fresh, place / f"{hour}{SEALED}")
    sealed = {chunk.number for chunk in chunks}
    for path in (place / str(hour)).glob("*.events"):
        if time.time() - path.stat().st_mtime > HOUR:  # nobody counts into it any more
            path.unlink()
    with contextlib.suppress(OSError):
        (place / str(hour)).rmdir()
        forget_rows(hour, sealed)


def forget_rows(hour: int, numbers: set[int]) -> None:
    rows = sorted(numbers)
    with write_unit() as connection:
        for start in range(0, len(rows), 500):
            connection.execute(delete(kept_chunk).where(kept_chunk.c.hour == hour, kept_chunk.c.chunk.in_(rows[start : start + 500])))


def drop_hour(place: Path, hour: int) -> None:
    shutil.rmtree(place / str(hour), ignore_errors=True)
    (place / f"{hour}{SEALED}").unlink(missing_ok=True)
    with write_unit() as connection:
        connection.execute(delete(kept_chunk).where(kept_chunk.c.hour == hour))


class Follower:
    """What was counted of a stream since this process last looked, by whoever did, from the open hours' files."""

    def __init__(self, config: Config, source: str) -> None:
        self.folder, self.source = folder(config), source
        self.read_to: dict[Path, int] = {}
        self.waiting: list[Chunk] = []  # read, and not committed when last asked

    def between(self, old: str, new: str, hours: list[int]) -> list[Chunk]:
        """The committed pieces between two positions of the cursor, in their order."""
        self.look(hours)
        with db.engine.connect() as sql:
            true, end = committed(sql, hours), id_parts(new)
        ready = [chunk for chunk in self.waiting if chunk.number in true and id_parts(old) <= id_parts(chunk.old) and id_parts(chunk.new) <= end]
        self.waiting = [chunk for chunk in self.waiting if id_parts(chunk.new) > end]
        return sorted(ready, key=lambda chunk: id_parts(chunk.new))

    def look(self, hours: list[int]) -> None:
        """Read what files have grown by."""
        paths = [path for hour in hours for path in (self.folder / str(hour)).glob("*.events")]
        self.read_to = {path: self.read_to.get(path, 0) for path in paths}
        for path, start in self.read_to.items():
            with open(path, "rb") as file:
                file.seek(start)
                content = file.read()
            for chunk, end in chunks_in(content):
                self.read_to[path] = start + end
                if chunk.source == self.source:
                    self.waiting.append(chunk)
