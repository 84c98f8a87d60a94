"""A reader's page made at the desk, for any moment: the same handlers, templates and blocks, without what counts readers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from newsapp import languages
from newsapp.delivery.blocks import BETWEEN, Reading, made, mark
from newsapp.delivery.cached_page import split
from newsapp.delivery.colours import paper_of
from newsapp.delivery.shelf import build_hidden, build_site
from newsapp.news.pages import news
from newsapp.settings.store import SETTINGS_COPY, own
from newsapp.traffic import ranking
from newsapp.traffic.asked import named

LEFT_OUT = frozenset({"beacon", "beacon_pixel", "installed"})  # what counts a reader, and what keeps a page on a device
LINK = re.compile(rb'(<a\b[^>]*?\bhref=")(/[^"]*)')
IMAGE = re.compile(rb"<(?:img|source)\b[^>]*>")
PICTURE = re.compile(rb'([\s",])/media/')
BODY = re.compile(rb'<body[^>]*>(?:\s*<a class="skip"[^>]*>[^<]*</a>)?')  # the link that skips stays the first
# Pages that follow the moment; the others belong to the present.
SHOWN = frozenset(
    f"news.{name}" for name in ("front_page", "section_or_plain_page", "tag_page", "author_page", "article_page", "all_sections", "log")
)


class Shelf:
    """What blocks read, built from the database as of a moment. Most Viewed is that of the present."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.built: dict[str, dict[str, Any]] = {}

    def read(self, name: str) -> dict[str, Any]:
        if name not in self.built:
            self.built[name] = self.build(name)
        return self.built[name]

    def build(self, name: str) -> dict[str, Any]:
        if name == "settings":
            return SETTINGS_COPY.build()
        if name == "site":
            return build_site(self.at)
        return build_hidden(self.at) if name == "hidden" else ranking.build(named(name))

    def version(self, name: str) -> int:
        return 0


@dataclass(frozen=True)
class Stage:
    """Where a page is shown: the moment, what stands before its links and its pictures, and the banner over it."""

    at: datetime
    links: str
    media: str
    banner: str
    style: str

    def finish(self, body: bytes) -> bytes:
        """The page with its blocks, its links and pictures where the stage has them, and the banner."""
        page = self.linked(self.whole(body))
        head = f'<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer"><link rel="stylesheet" href="{self.style}">'
        page = page.replace(b"</head>", head.encode() + b"</head>", 1)
        return BODY.sub(lambda found: found[0] + self.banner.encode(), page, count=1)

    def whole(self, body: bytes) -> bytes:
        """The page with the blocks of the moment; none of them counts a reader or keeps the page."""
        segments, marks = split(body)
        reading = Reading(Shelf(self.at), self.at)  # type: ignore[arg-type]
        parts = [segments[0]]
        for text, segment in zip(marks, segments[1:], strict=True):
            parts += [b"" if text.partition(BETWEEN)[0] in LEFT_OUT else made(text, reading).body, segment]
        return b"".join(parts)

    def linked(self, page: bytes) -> bytes:
        page = LINK.sub(lambda found: found[1] + self.links.encode() + found[2], page)
        media = self.media.encode()
        return IMAGE.sub(lambda image: PICTURE.sub(lambda found: found[1] + media, image[0]), page)


class Readers:
    """The readers' addresses and handlers, to be asked from the desk."""

    @cached_property
    def app(self) -> Flask:
        app = Flask("readers", static_folder=None)
        app.register_blueprint(news)
        return app

    def answer(self, path: str) -> Any:
        """What the handler of a path returns. Raises HTTPException, and LookupError for pages that know no other moment."""
        endpoint, values = self.app.url_map.bind("").match(path, "GET")
        if endpoint not in SHOWN:
            raise LookupError(path)
        return self.app.view_functions[endpoint](**values)


READERS = Readers()


def set_stage(app: Flask) -> None:
    """Let the desk render readers' templates."""
    languages.install(app.jinja_env)
    app.jinja_env.filters["own"] = own
    app.jinja_env.globals.update(block=mark, paper_colour=paper_of(Path(app.root_path)), site_url=lambda path: current_app.config["SITE_URL"] + path)
