"""Pictures for shared links, made of words where a page has none of its own: the paper's name, the section or kicker, the headline.

The address holds a digest of all that stands on the picture, so that what is under an address never changes.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from hashlib import blake2b
from typing import Any

from newsapp.news.models import Article, Author, Section, Tag

WIDTH, HEIGHT, MIME = 1200, 630, "image/png"  # what Facebook, X, LinkedIn, Mastodon and messengers show whole
DESIGN = 1  # another look gets another number, so that no old one is shown
FOLDER = "/media/share/"


@dataclass(frozen=True)
class SharePicture:
    """What stands on one: `above` in small letters, `words` in large ones, and the paper at the foot."""

    kind: str
    number: int
    words: str
    above: str
    paper: str
    host: str

    width, height, mime = WIDTH, HEIGHT, MIME

    @property
    def digest(self) -> str:
        return blake2b(json.dumps([DESIGN, *astuple(self)]).encode(), digest_size=6).hexdigest()

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}-{self.digest}.png"

    @property
    def path(self) -> str:
        return FOLDER + self.name

    @property
    def alt(self) -> str:
        return ": ".join(filter(None, (self.above, self.words)))


def of_article(article: Article, settings: dict[str, Any], host: str) -> SharePicture:
    above = article.kicker or article.section.name
    return SharePicture("article", article.id, article.headline, above, settings["site_name"], host)


def of_list(kind: str, subject: Section | Tag | Author, settings: dict[str, Any], host: str) -> SharePicture:
    """Of the page of a section, a tag or an author."""
    return SharePicture(kind, subject.id, subject.name, "", settings["site_name"], host)


def of_front(settings: dict[str, Any], host: str) -> SharePicture:
    return SharePicture("front", 0, settings["site_motto"] or settings["site_name"], "", settings["site_name"], host)
