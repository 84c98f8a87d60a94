"""A list as readers see it: pins in their places, without what is held out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

List = dict[str, Any]


def shown(copy: List, away: Collection[int], at: float) -> list[dict[str, Any]]:
    """The lines of a list copy at a moment, in seconds since 1970, without those that are away. A copy of an older release has no pins."""
    pins = [{**pin, "pinned": True} for pin in copy.get("pinned", ()) if pin["until"] > at and pin["id"] not in away]
    elsewhere = {*away, *(pin["id"] for pin in pins)}
    lines = [item for item in copy["items"] if item["id"] not in elsewhere]
    for pin in pins:
        lines.insert(pin["position"] - 1, pin)
    return lines
