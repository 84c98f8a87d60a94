"""The spill: where events go while Redis cannot take them, one file for each web process and stream.

A record is an event with its time and a checksum. The file's name tells when it was opened; the
lock that its process holds tells that it may still grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
from pathlib import Path
from typing import NamedTuple

import structlog

from newsapp.config import Config
from newsapp.traffic.events import SIGNALS, SPILLED, VIEWS, pack_spilled

log = structlog.get_logger()

SUFFIX = ".spill"  # of views; signals wait in files that end with .signals.spill
LARGEST = 4 << 20  # bytes after which a process opens another file


def folder(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "spill"


class Spill:
    """This process's file of one stream's events. Appending is one write; syncing is done once a second in the background."""

    def __init__(self, config: Config, stream: str = VIEWS) -> None:
        self.folder = folder(config)
        self.suffix = SUFFIX if stream == VIEWS else f".{stream}{SUFFIX}"
        self.descriptor: int | None = None
        self.size = 0
        self.unsynced = False
        self.failed = False  # the last write; each event tries again
        self.full = ""  # what was measured to be used up, as overload.CAUSES names it
        self.limit: int = config["SPILL_DISK"]
        self.reserve: int = config["SPILL_DISK_FREE"]
        self.lock = threading.Lock()

    def append(self, packed: bytes, at: int) -> bool:
        """Keep an event that happened at `at` (seconds since 1970). False when the disk cannot, or must not, take it."""
        if self.full:
            return False
        record = pack_spilled(packed, at)
        with self.lock:
            try:
                written = os.write(self.opened(), record)
            except OSError as error:
                return self.fail(str(error))
            if written < len(record):
                return self.fail("no room for a whole record")
            self.size += written
            self.unsynced, self.failed = True, False
        return True

    def fail(self, error: str) -> bool:
        """Take back what a write may have left: a torn record would hide those behind it."""
        if not self.failed:
            log.error("spill cannot be written", error=error)
        self.failed = True
        try:
            if self.descriptor is not None:
                os.ftruncate(self.descriptor, self.size)
        except OSError:
            self.close()  # the next event opens another file
        return False

    def why(self) -> str:
        """What keeps events out, as overload.CAUSES names it; empty while nothing does."""
        return self.full or ("disk" if self.failed else "")

    def measure(self) -> None:
        """Once a second, in the background: may the files of all processes grow?"""
        if spilled_bytes(self.folder) > self.limit:
            self.full = "budget"
        else:
            self.full = "disk" if free_bytes(self.folder.parent) < self.reserve else ""

    def opened(self) -> int:
        if self.descriptor is not None and self.size >= LARGEST:
            os.fsync(self.descriptor)
            self.close()
        if self.descriptor is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{int(time.time())}-{os.getpid()}-{time.monotonic_ns()}{self.suffix}"
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
                self.put_on_disk(self.descriptor)
            elif self.size:  # an empty one is kept: on a full disk each event would make another
                self.close()

    def put_on_disk(self, descriptor: int) -> None:
        self.unsynced = False
        try:
            os.fdatasync(descriptor) if hasattr(os, "fdatasync") else os.fsync(descriptor)
        except OSError as error:  # what the disk lost of it is gone; the next event asks a file of its own
            log.error("spill not synced", error=str(error))
            self.close()

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def spilled_bytes(spill: Path) -> int:
    """What the files of all processes take on disk."""
    sizes = []
    for path in spill.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # counted and removed a moment ago
            sizes.append(path.stat().st_size)
    return sum(sizes)


def free_bytes(home: Path) -> float:
    """What is free on the disk of the home; no limit while there is no home yet."""
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return float("inf")


class SpillFile(NamedTuple):
    """A file as a counter sees it. `size` is in whole records; `sealed`: nobody writes to it any more."""

    path: Path
    size: int
    sealed: bool

    @property
    def source(self) -> str:
        return f"spill:{self.path.name}"

    @property
    def stream(self) -> str:
        return SIGNALS if self.path.name.endswith(f".{SIGNALS}{SUFFIX}") else VIEWS

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
