"""One `newsapp up` for a home, and none of the parts that an earlier one left behind."""

from __future__ import annotations

from pathlib import Path

from newsapp.run import part
from newsapp.run.parts import PARTS, STOP_ORDER
from newsapp.run.terminal import Refusal

VALKEY_PATIENCE = 60.0  # it writes its log to disk before it goes


def lock_home(home: Path) -> int:
    """Hold the home until this process ends, however it ends."""
    descriptor = part.take(home / "run" / "up.lock")
    if descriptor is None:
        raise Refusal(f"newsapp is already running on {home}; stop that one, or set NEWSAPP_HOME to another folder.")
    return descriptor


def end_orphans(run_folder: Path) -> list[str]:
    """End what runs without a supervisor, in the order of a stop. Returns the names of what was there."""
    found = []
    for pid_file in sorted(run_folder.glob("*.pid"), key=stop_rank):
        if pid_file.name == "supervisor.pid":
            continue
        if part.is_held(pid_file):
            found.append(pid_file.stem)
            end_one(pid_file)
        pid_file.unlink()
    return found


def end_one(pid_file: Path) -> None:
    patience = VALKEY_PATIENCE if pid_file.stem == "valkey" else part.PATIENCE
    if not part.end(pid_file, patience):
        raise Refusal(f"a process of an earlier start cannot be ended; its number is in {pid_file}.")


def stop_rank(pid_file: Path) -> int:
    """Where in the order of a stop a pid file's part stands; what is unknown goes first."""
    for known in PARTS:
        if pid_file.stem == known.name or pid_file.stem.startswith(f"{known.name}-"):
            return 1 + STOP_ORDER.index(known.group)
    return 0
