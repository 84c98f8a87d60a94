"""What is typed, without what nobody types."""

from __future__ import annotations

import re

# Controls, and marks that turn the direction of all that follows.
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def tidy(text: str | None) -> str:
    """One line."""
    return " ".join(UNSEEN.sub("", text or "").split())


def trimmed(text: str | None) -> str:
    """Several lines."""
    return UNSEEN.sub("", text or "").replace("\r\n", "\n").strip()
