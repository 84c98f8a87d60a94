"""One part's process: it starts by locking its pid file, and whoever finds that lock held may end it.

The lock lives in an open file that the part and its children inherit, so it is free exactly when
the last of them is gone, and a pid that was given to a stranger meanwhile is never signalled.
This file is also the program that starts a part. It imports nothing but the standard library, so
that a part starts in milliseconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 10.0  # seconds a part may take to stop when it is asked to
YOUNG = 3.0  # a part that is started again within so many seconds rests first
REST = 1.0
OPEN_FILES = 65536  # connections of readers are open files; the usual soft limit of 1024 is soon reached


def take(pid_file: Path) -> int | None:
    """A descriptor that holds the file's lock, or None while another process holds it."""
    descriptor = os.open(pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(pid_file: Path) -> bool:
    """Whether a process that locked this file, or a child of it, is still there."""
    descriptor = take(pid_file)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def holders(pid_file: Path) -> list[int]:
    """The processes that have the file open, other than this one."""
    path = os.path.realpath(pid_file)
    found = holders_in_proc(path) if os.path.isdir("/proc/self/fd") else holders_by_lsof(path)
    return [pid for pid in found if pid != os.getpid()]


def holders_in_proc(path: str) -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and has_open(name, path)]


def has_open(pid: str, path: str) -> bool:
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            return any(os.readlink(entry.path) == path for entry in entries)
    except OSError:
        return False  # gone meanwhile, or another user's


def holders_by_lsof(path: str) -> list[int]:
    answer = subprocess.run(["lsof", "-t", "--", path], capture_output=True, text=True)  # part of macOS
    return [int(pid) for pid in answer.stdout.split()]


def end(pid_file: Path, patience: float = PATIENCE) -> bool:
    """Ask whoever holds the pid file to stop, and make them after `patience` seconds. False when some are still there."""
    for ask, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if not is_held(pid_file):
            break
        for pid in holders(pid_file):
            tell(pid, ask)
        wait_until_free(pid_file, seconds)
    return not is_held(pid_file)


def tell(pid: int, ask: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, ask)


def wait_until_free(pid_file: Path, seconds: float) -> None:
    end_of_patience = time.monotonic() + seconds
    while is_held(pid_file) and time.monotonic() < end_of_patience:
        time.sleep(0.02)


def is_young(pid_file: Path) -> bool:
    """Whether the process before this one was started only moments ago."""
    return 0 <= time.time() - os.stat(pid_file).st_mtime < YOUNG


def raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    with contextlib.suppress(OSError, ValueError):  # macOS refuses some values; the limit stays as it was
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def claim(pid_file: Path) -> None:
    """Make this process the part, in a process group of its own, holding the lock until it ends. Exits where that is impossible."""
    end(pid_file)  # children of a part that was killed
    descriptor = take(pid_file)
    if descriptor is None:
        sys.exit(f"{pid_file} is locked by a process that cannot be ended")
    if os.stat(pid_file).st_size and is_young(pid_file):
        time.sleep(REST)  # what dies at once is started for ever, but must not eat the processor
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    os.set_inheritable(descriptor, True)
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    raise_file_limit()


if __name__ == "__main__":
    claim(Path(sys.argv[1]))
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606
