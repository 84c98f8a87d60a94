"""The spill: where events go while Redis cannot take them, one file for each web process.

A record is an event with its time and a checksum. The file's name tells when it was opened; the
lock that its process holds tells that it may still grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import structlog

from newsapp.config import Config
from newsapp.traffic.events import SPILLED, Event, pack_spilled, unpack_spilled

log = structlog.get_logger()

SUFFIX = ".spill"
LARGEST = 4 << 20  # bytes after which a process opens another file


def folder(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "spill"


class Spill:
    """This process's file. Appending is one write; syncing is done once a second in the background."""

    def __init__(self, config: Config) -> None:
        self.folder = folder(config)
        self.descriptor: int | None = None
        self.size = 0
        self.unsynced = False
        self.lock = threading.Lock()

    def append(self, packed: bytes, at: int) -> bool:
        """Keep an event that happened at `at` (seconds since 1970). False when the disk cannot take it."""
        record = pack_spilled(packed, at)
        with self.lock:
            try:
                descriptor = self.opened()
                if os.write(descriptor, record) == len(record):
                    self.size += len(record)
                    self.unsynced = True
                    return True
                os.ftruncate(descriptor, self.size)  # a torn record would hide those behind it
            except OSError as error:
                log.error("spill cannot be written", error=str(error))
                self.close()  # the next event opens another file: this one may end in a torn record
        return False

    def opened(self) -> int:
        if self.descriptor is not None and self.size >= LARGEST:
            os.fsync(self.descriptor)
            self.close()
        if self.descriptor is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{int(time.time())}-{os.getpid()}-{time.monotonic_ns()}{SUFFIX}"
            self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            self.size = 0
        return self.descriptor

    def sync(self) -> None:
        """Put on disk what was appended, and let go of a file that nobody has needed for a second."""
        with self.lock:
            if self.descriptor is None:
                return
            if self.unsynced:
                os.fdatasync(self.descriptor) if hasattr(os, "fdatasync") else os.fsync(self.descriptor)
                self.unsynced = False
            else:
                self.close()

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


class SpillFile(NamedTuple):
    """A file as a counter sees it. `size` is in whole records; `sealed`: nobody writes to it any more."""

    path: Path
    size: int
    sealed: bool

    @property
    def source(self) -> str:
        return f"spill:{self.path.name}"

    @property
    def opened_at(self) -> int:
        return int(self.path.name.partition("-")[0])


def spill_files(config: Config) -> list[SpillFile]:
    """All files there are, in the order in which they were opened."""
    files = []
    for path in sorted(folder(config).glob(f"*{SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):  # counted and removed a moment ago
            sealed = is_sealed(path)  # asked before the size: a file that was sealed then has not grown since
            size = path.stat().st_size // SPILLED.size * SPILLED.size
            files.append(SpillFile(path, size, sealed))
    return files


def is_sealed(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def read_records(file: SpillFile, start: int, end: int) -> Iterator[tuple[Event, int] | None]:
    """(event, seconds since 1970) of each record between two offsets; None for a torn one.

    The time is held between the file's opening and now, so that a clock that jumped cannot send
    events into other years.
    """
    with open(file.path, "rb") as stream:
        stream.seek(start)
        content = stream.read(end - start)
    latest = int(time.time())
    for offset in range(0, len(content) - SPILLED.size + 1, SPILLED.size):
        record = unpack_spilled(content[offset : offset + SPILLED.size])
        yield record and (record[0], min(max(record[1], file.opened_at), max(latest, file.opened_at)))
