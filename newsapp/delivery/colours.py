"""Colours that browsers ask for outside of style sheets, read from tokens.css, the one place where they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

NAMED = re.compile(r"--([\w-]+): (#[0-9a-f]{3,8});")
PAPER = re.compile(r"--page: light-dark\(var\(--([\w-]+)\), var\(--([\w-]+)\)\);")


class Paper(NamedTuple):
    """What pages are printed on, by day and by night."""

    light: str
    dark: str


def paper_of(root: Path) -> Paper:
    """The colour of the page. Raises ValueError when tokens.css no longer says it."""
    css = (root / "static" / "css" / "tokens.css").read_text()
    named, found = dict(NAMED.findall(css)), PAPER.search(css)
    if found is None:
        raise ValueError("tokens.css has no --page: light-dark(…)")
    return Paper(named[found[1]], named[found[2]])
