"""What an editor types, as the body of a story."""

from __future__ import annotations

import re

from newsapp.news.paragraphs import OPENING, paragraphs
from newsapp.news.sanitise import sanitise

# Headings that articles have at another level: the headline is the only first one.
RENAMED = re.compile(r"<(/?)(h1|h5|h6)(?=[\s>/])", re.IGNORECASE)
NAMES = {"h1": "h2", "h5": "h4", "h6": "h4"}


def body_of(typed: str) -> str:
    """Sanitised HTML. Text without any block of its own gets its paragraphs from its blank lines."""
    text = RENAMED.sub(lambda found: f"<{found[1]}{NAMES[found[2].lower()]}", typed)
    return sanitise(text if OPENING.search(text) else paragraphs(text))
