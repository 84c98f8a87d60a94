"""Entries that cannot be read: booked, passed, and kept in a side file for whoever looks into it."""

from __future__ import annotations

import json
from pathlib import Path

import structlog
from flask import current_app

from newsapp.traffic.inbox import Entry

log = structlog.get_logger()


def keep_aside(source: str, entries: list[Entry]) -> None:
    """Keep entries of a source in its side file."""
    folder = Path(current_app.config["NEWSAPP_HOME"]) / "malformed"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{source.replace(':', '-')}.jsonl", "a") as side:
        for entry_id, fields in entries:
            shown = {name.decode(errors="replace"): value.hex() for name, value in zip(fields[::2], fields[1::2], strict=False)}
            side.write(json.dumps({"id": entry_id.decode(), "fields": shown}) + "\n")
    log.error("entries that cannot be read are booked malformed", source=source, entries=len(entries), kept_in=str(folder))
