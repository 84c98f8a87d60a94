"""The feeds that can be followed: where each stands, and what stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from flask import current_app

from newsapp.database import db
from newsapp.news import lists
from newsapp.news.feed_formats import FORMATS
from newsapp.news.feeds import LENGTH
from newsapp.news.models import Article, Author, Section, Tag, live_articles

FRONT = "front"
Named = type[Section] | type[Tag] | type[Author]


@dataclass(frozen=True)
class Kind:
    """A kind of thing that has feeds of its own. `name` is what changes call it."""

    name: str
    model: Named
    stories: Callable[[int, datetime], lists.Query]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("section", Section, lists.in_section),
        Kind("tag", Tag, lists.with_tag),
        Kind("author", Author, lists.by_author),
    )
}


def is_topic(name: str) -> bool:
    """Whether a name that a change touched is that of something with feeds."""
    return name == FRONT or name.partition(":")[0] in KINDS


def path_of(name: str) -> str | None:
    """The page that a feed tells of; None for one that is no more."""
    if name == FRONT:
        return "/"
    kind, _, number = name.partition(":")
    found: Any = db.session.get(KINDS[kind].model, int(number))
    return str(found.path) if found else None


def addresses_of(name: str) -> list[str]:
    """The feed's own addresses, one for each format: those that it has as rel="self"."""
    path = path_of(name)
    return [] if path is None else [f"{current_app.config['SITE_URL']}{path.rstrip('/')}/{each.file}" for each in FORMATS]


def digest_of(name: str, at: datetime) -> str:
    """What tells whether a feed says something new: its stories, each with the number of its version."""
    kind, _, number = name.partition(":")
    query = live_articles(at) if name == FRONT else KINDS[kind].stories(int(number), at)
    rows = db.session.execute(query.with_only_columns(Article.id, Article.version).limit(LENGTH))
    return blake2b(json.dumps([list(row) for row in rows]).encode(), digest_size=16).hexdigest()
