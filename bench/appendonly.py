"""What stands in Valkey's append-only file: the events that a server had taken before it died."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# An XADD as the file keeps it: with the id that it was given, and one field.
XADD = re.compile(rb"\*5\r\n\$4\r\nXADD\r\n\$\d+\r\n(\{\d+\}views)\r\n\$\d+\r\n(\d+-\d+)\r\n\$1\r\ne\r\n\$(\d+)\r\n")


class Added(NamedTuple):
    """One entry of the inbox, and where its command ends in the file."""

    stream: str
    entry_id: str
    packed: bytes
    end: int


def growing_files(folder: Path) -> list[Path]:
    """The files that commands were appended to since the last rewrite, oldest first."""
    manifest = (folder / "appendonlydir" / "appendonly.aof.manifest").read_text()
    return [folder / "appendonlydir" / line.split()[1] for line in manifest.splitlines() if line.endswith("type i") or " type i " in line]


def entries(content: bytes) -> Iterator[Added]:
    """The entries whose commands are whole."""
    for match in XADD.finditer(content):
        start = match.end()
        end = start + int(match[3])
        if end + 2 <= len(content):
            yield Added(match[1].decode(), match[2].decode(), content[start:end], end + 2)


def entries_of(folder: Path) -> Iterator[Added]:
    """All entries since the last rewrite."""
    for path in growing_files(folder):
        yield from entries(path.read_bytes())


def cut_tail(folder: Path, size: int) -> list[Added]:
    """Cut the last `size` bytes off, as a power cut does. Returns the entries that are gone with them."""
    path = growing_files(folder)[-1]
    content = path.read_bytes()
    left = max(0, len(content) - size)
    with open(path, "r+b") as file:
        file.truncate(left)
    return [entry for entry in entries(content) if entry.end > left]
