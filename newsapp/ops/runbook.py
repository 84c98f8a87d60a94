"""The runbook as the desk shows it: docs/runbook.md, by its headings. Operators have no repository at hand."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from newsapp import ROOT
from newsapp.ops.alarms import ALARMS, DATABASE_SILENT

FILE = ROOT / "docs" / "runbook.md"
NAMES = {alarm.title: alarm.name for alarm in (*ALARMS, DATABASE_SILENT)}


class Entry(NamedTuple):
    """What stands under a heading. `name` is its anchor, the alarm's."""

    name: str
    title: str
    html: str


def parts() -> tuple[str, list[tuple[str, str]]]:
    """(what stands before the first alarm, [(heading, text)])."""
    first, *rest = re.split(r"^## ", FILE.read_text(), flags=re.MULTILINE)
    return first.partition("\n")[2], [(heading, text) for heading, _, text in (part.partition("\n") for part in rest)]


@functools.cache
def entries() -> tuple[Entry, ...]:
    return tuple(Entry(NAMES.get(title, ""), title, rendered(text)) for title, text in parts()[1])


@functools.cache
def opening() -> str:
    return rendered(parts()[0])


def rendered(text: str) -> str:
    """HTML; what would be HTML in the text is shown as it is."""
    from markdown_it import MarkdownIt  # here: it takes a tenth of a desk's start, and few open the runbook

    html: str = MarkdownIt("js-default").render(text)
    return html.replace("<pre>", '<pre tabindex="0">')  # keys scroll what is wider than a phone
