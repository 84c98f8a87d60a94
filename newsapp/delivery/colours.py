"""Colours that are needed outside of style sheets, read from tokens.css, the one place where they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

NAMED = re.compile(r"--([\w-]+): (#[0-9a-f]{3,8});")
MEANING = re.compile(r"--([\w-]+): light-dark\(var\(--([\w-]+)\), var\(--([\w-]+)\)\);")


class Paper(NamedTuple):
    """A colour by day and by night."""

    light: str
    dark: str


def colours_of(root: Path) -> dict[str, Paper]:
    """What each meaning looks like that tokens.css makes of two named colours."""
    css = (root / "static" / "css" / "tokens.css").read_text()
    named = dict(NAMED.findall(css))
    return {meaning: Paper(named[light], named[dark]) for meaning, light, dark in MEANING.findall(css) if {light, dark} <= named.keys()}


def paper_of(root: Path) -> Paper:
    """The colour of the page. Raises ValueError when tokens.css no longer says it."""
    try:
        return colours_of(root)["page"]
    except KeyError:
        raise ValueError("tokens.css has no --page: light-dark(…)") from None
