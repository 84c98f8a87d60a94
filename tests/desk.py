"""A desk to test with: its people, two sections, and a browser that fills in forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from newsapp.changes import Change
from newsapp.config import Config
from newsapp.database import db
from newsapp.news.models import Article, Section
from newsapp.people import staff
from tests.conftest import make_app


def settings_of(desk: Desk, **changed: object) -> dict[str, object]:
    """The settings form as it stands, with some fields changed."""
    from newsapp.desk.settings import NAMES, site_revision
    from newsapp.settings.forms import shown
    from newsapp.settings.registry import BY_NAME
    from newsapp.settings.store import effective, stored

    with desk.app.app_context():
        values = effective(stored()[1], "site")
        return {"revision": site_revision(), **{name: shown(BY_NAME[name], values[name]) for name in NAMES}, **changed}


# The editor of most tests holds the chair as well; an editor alone is "deputy".
HOLDS = {"editor": ["editor", "chief"], "deputy": ["editor"]}


WITH_FORM: set[str] = set()  # kinds of pages that had a form


class Desk:
    """A desk with two sections, unless given others, and a browser that fills in its forms."""

    def __init__(self, app: Flask, sections: tuple[str, ...] = ("world", "sport")) -> None:
        self.app = app
        self.browser: FlaskClient = app.test_client()
        self.passwords: dict[str, str] = {}
        self.kept_token: tuple[str | None, str] = (None, "")  # and the secret of the session whose it is
        with app.app_context():
            staff.make_roles()
            db.session.add_all(Section(slug=slug, name=slug.title(), position=place) for place, slug in enumerate(sections, 1))
            db.session.commit()

    def open(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def token(self, path: str) -> str:
        """The page's token. A session has one for all of its pages, so a page of a kind that had its form before is not opened again."""
        with self.browser.session_transaction("/desk/") as session:
            secret = session.get("csrf_token")
        kind = re.sub(r"\d+", "1", path)
        if secret is None or self.kept_token[0] != secret or kind not in WITH_FORM:
            self.kept_token = secret, self.token_on(path)
            WITH_FORM.add(kind)
        return self.kept_token[1]

    def token_on(self, path: str) -> str:
        found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"|name="csrf_token" value="([^"]+)"', self.open(path).text)
        assert found, f"no form on {path}"
        return found[1] or found[2]

    def send(self, path: str, page: str, **fields: object) -> TestResponse:
        """Send a form that stands on a page."""
        return self.browser.post(path, data={"csrf_token": self.token(page), **fields}, content_type="multipart/form-data")

    def password(self, role: str) -> str:
        """The password of the person with that role, who comes when first asked for."""
        if role not in self.passwords:
            with self.app.app_context():
                self.passwords[role] = staff.add(f"{role}@newsapp.example", HOLDS.get(role, [role]))
                db.session.commit()
        return self.passwords[role]

    def sign_in(self, role: str = "editor", password: str | None = None) -> TestResponse:
        right = self.password(role)
        return self.send("/desk/sign-in", "/desk/sign-in", email=f"{role}@newsapp.example", password=password or right)

    def write(self, then: str = "", **typed: object) -> Article:
        """Write a new article; `then` is publication, or nothing for a draft."""
        answer = self.send(f"/desk/articles{then and '/' + then}", "/desk/articles/new", **form(typed))
        assert answer.status_code == 302, answer.text
        return self.article(int(answer.location.partition("#")[0].rpartition("/")[2]))

    def save(self, article: Article, then: str = "", **typed: object) -> TestResponse:
        fields = {"version": article.version, "headline": article.headline, **typed}
        return self.send(f"/desk/articles/{article.id}{then and '/' + then}", f"/desk/articles/{article.id}", **form(fields))

    def act(self, article: Article, action: str, **fields: object) -> TestResponse:
        return self.send(f"/desk/articles/{article.id}/{action}", f"/desk/articles/{article.id}", **fields)

    def article(self, article_id: int) -> Article:
        with self.app.app_context():
            article = db.session.get_one(Article, article_id)
            _ = article.headline
            db.session.expunge(article)
            return article

    def touched(self) -> set[str]:
        with self.app.app_context():
            return {name for names in db.session.scalars(select(Change.touched)) for name in names}


def form(typed: dict[str, object]) -> dict[str, object]:
    return {"headline": "Harbour fire put out", "section": 1, "version": 0, "protection_mode": "", "confirmed": "1", **typed}


def desk_of(config: Config) -> Iterator[Desk]:
    """A desk for the length of a test."""
    app = make_app(config, "desk")
    yield Desk(app)
    with app.app_context():
        db.engine.dispose()
