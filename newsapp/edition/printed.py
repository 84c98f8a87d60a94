"""Reading the edition's files: settings between lines of +++, then the body."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SPAN = re.compile(r"(?:in )?(\d+)([mhd])")


@dataclass(frozen=True)
class Sample:
    """One article as printed. Times are spans: before the moment of publishing, or after it for an embargo."""

    slug: str
    headline: str
    section: str
    body: str
    published: timedelta
    list_headline: str = ""
    kicker: str = ""
    standfirst: str = ""
    language: str = ""
    bylines: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    picture: str = ""
    alt: str = ""
    caption: str = ""
    credit: str = ""
    front: int | None = None
    state: str = "live"
    corrections: tuple[tuple[timedelta, str], ...] = ()


@dataclass(frozen=True)
class SamplePage:
    """One plain page as printed."""

    slug: str
    title: str
    body: str
    standfirst: str = ""
    position: int = field(default=100)


def span(text: str) -> timedelta:
    """The length of "2h", "3d", "12m" or "in 18h". Raises ValueError."""
    match = SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a span like 2h, 3d or 12m")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def parts(path: Path) -> tuple[dict[str, Any], str]:
    """(settings, body) of a file."""
    _, head, body = path.read_text(encoding="utf-8").split("+++\n", 2)
    return tomllib.loads(head), body.strip()


def article(path: Path) -> Sample:
    fields, body = parts(path)
    embargo, published = fields.pop("embargo", ""), fields.pop("published", "0m")
    corrections = tuple((span(each["at"]), each["text"]) for each in fields.pop("corrections", ()))
    before = -span(embargo) if embargo else span(published)
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items() if value is not None}
    return Sample(slug=path.stem, body=body, published=before, corrections=corrections, **known)


def articles() -> Iterator[Sample]:
    """The articles in the order of their file names. Raises TypeError for a setting that is not there."""
    return (article(path) for path in sorted((HERE / "articles").glob("*.html")))


def pages() -> Iterator[SamplePage]:
    for path in sorted((HERE / "pages").glob("*.html")):
        fields, body = parts(path)
        yield SamplePage(body=body, **fields)
