"""The desk's read-only mode: a file in the home, so that it can be switched while the database cannot be written."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsapp.config import Config
from newsapp.media.files import write_whole

LONGEST = 200  # characters of what editors are told


@dataclass(frozen=True)
class ReadOnly:
    """Since when the desk takes nothing in, and what editors are told beside that."""

    since: datetime
    says: str = ""


def place(config: Config) -> Path:
    return Path(config["NEWSAPP_HOME"]) / "read-only"


def read_only(config: Config) -> ReadOnly | None:
    """The mode, while it is on. A file that cannot be read stands for it too: whoever made it by hand meant it."""
    try:
        text = place(config).read_text()
    except FileNotFoundError:
        return None
    except OSError:
        return ReadOnly(datetime.now(UTC))
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        said = json.loads(text)
        return ReadOnly(datetime.fromisoformat(said["since"]), str(said["says"])[:LONGEST])
    return ReadOnly(datetime.now(UTC), " ".join(text.split())[:LONGEST])


def begin(config: Config, says: str, at: datetime) -> None:
    """Let the desk take nothing in from now on."""
    said = {"since": at.isoformat(), "says": " ".join(says.split())[:LONGEST]}
    place(config).parent.mkdir(parents=True, exist_ok=True)
    write_whole(place(config), json.dumps(said).encode())


def end(config: Config) -> None:
    """Let the desk work again."""
    place(config).unlink(missing_ok=True)
