"""An editor at a steady pace: publishes a story, corrects one, and looks as a reader until the site shows it."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time

from flask import Flask

from bench.troubles import wait_until
from newsapp.database import db, now
from newsapp.desk import writing
from newsapp.desk.loaders import zone
from newsapp.news.models import Article, Section, article_path
from newsapp.publishing import notes, turns
from newsapp.publishing.approval import Person
from newsapp.saving import saving

EDITOR = Person("soak@newsapp.example", frozenset({"chief"}))
PATIENCE = 30.0  # seconds after which a story that readers do not have counts as never shown
EMPTY = ("slug", "new_slug", "tags", "bylines", "related", "translation_of", "alt", "credit", *writing.PLAIN)
UNSET = ("publish_at", "expires_at", "picture_id", "focus_x", "focus_y", "remove_picture")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Newsdesk(threading.Thread):
    """One editor. `paths` learns of each story once readers have it."""

    def __init__(self, app: Flask, port: int, paths: dict[int, str], every: float) -> None:
        super().__init__(daemon=True)
        self.app, self.port, self.paths, self.every = app, port, paths, every
        self.over = threading.Event()
        self.published = self.corrected = 0
        self.slowest = 0.0  # seconds from a save to readers
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.over.wait(self.every):
            try:
                self.work()
            except Exception as error:  # a thread's own would be lost
                self.failures.append(f"{type(error).__name__}: {error}"[:300])

    def work(self) -> None:
        """A story, and every second time a correction of it."""
        number, path = self.publish()
        self.until_shown(path, f"Story {self.published} of the soak")
        self.paths[number] = path
        self.published += 1
        if self.published % 2:
            self.correct(number)
            self.until_shown(path, f"Note {self.published} of the soak")
            self.corrected += 1

    def publish(self) -> tuple[int, str]:
        """A new story, as the desk's form would write it. Returns its number and address."""
        with self.app.app_context():
            with saving("refresh_site"):
                article, at = Article(), now()
                section = db.session.query(Section).order_by(Section.position).first()
                assert section
                words = {"headline": f"Story {self.published} of the soak", "body": "<p>Words of it.</p>" * 40, "section": section.id}
                article = writing.write(article, {**dict.fromkeys(EMPTY, ""), **dict.fromkeys(UNSET), **words}, None, zone(), at)
                turns.publish(article, EDITOR, at)
            return article.id, article_path(article.section.slug, article.slug)

    def correct(self, number: int) -> None:
        with self.app.app_context(), saving("refresh_site"):
            article, at = writing.load(number), now()
            assert article
            notes.make(article, "correction", f"Note {self.published} of the soak: the hour was wrong.", at, EDITOR, at)

    def until_shown(self, path: str, words: str) -> None:
        """Raises TimeoutError when readers do not have it after PATIENCE."""
        began = time.monotonic()
        if not wait_until(lambda: words in self.page(path), PATIENCE):
            raise TimeoutError(f"{path} did not show {words!r} within {PATIENCE:.0f} s")
        self.slowest = max(self.slowest, time.monotonic() - began)

    def page(self, path: str) -> str:
        """What a reader gets; nothing where the connection breaks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path, headers={"User-Agent": AGENT})
            return connection.getresponse().read().decode()
        return ""

    def stop(self) -> None:
        self.over.set()
        self.join()
