"""A reader without a browser: asks the readers' entry for pages, and a few stories to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import Client, TestResponse

from newsapp.config import Config
from newsapp.database import db, now, writes
from newsapp.front import models as front
from newsapp.front.models import Slot
from newsapp.news.models import LIVE, Article, Author, Section, Tag
from tests.conftest import make_app


class Reader:
    """Reads the paper through its WSGI entry, as granian calls it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.address = f"http://localhost:{app.config['PORT']}"

    def get(self, path: str, **headers: str) -> TestResponse:
        return Client(self.app.extensions["entry"]).get(path, base_url=self.address, headers=headers)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status}"
        return answer.get_data(as_text=True)

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The statements that the database is asked inside."""
        statements: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            statements.append(statement)

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        yield statements
        event.remove(engine, "before_cursor_execute", note)


def publish(slug: str, section: str = "world", *, ago: timedelta = timedelta(hours=2), at: datetime | None = None, **fields: Any) -> int:
    """Publish a story in a section, made when there is none; `by` and `tags` are names, `place` one on the front page. Returns its id."""
    with writes():
        article = Article(slug=slug, headline=fields.pop("headline", slug.replace("-", " ").capitalize()), state=fields.pop("state", LIVE))
        article.published_at = at or now() - ago
        article.section = named(Section, section)
        article.authors = [named(Author, name) for name in fields.pop("by", ())]
        article.tags = [named(Tag, name) for name in fields.pop("tags", ())]
        place = fields.pop("place", None)
        for name, value in fields.items():
            setattr(article, name, value)
        db.session.add(article)
        db.session.flush()
        if place:
            db.session.add(Slot(plate=front.LIVE, position=place, kind=front.STORY, article_id=article.id))
        db.session.commit()
    return article.id


def named(model: Any, name: str) -> Any:
    slug = name.lower().replace(" ", "-")
    found = db.session.scalar(select(model).where(model.slug == slug))
    return found or model(slug=slug, name=name if " " in name else name.title())


def reader_of(config: Config) -> Iterator[Reader]:
    """A reader of an empty paper, for the length of a test."""
    app = make_app(config, "site")
    with app.app_context():
        yield Reader(app)
        db.session.remove()
        db.engine.dispose()
