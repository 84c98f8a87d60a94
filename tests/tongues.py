"""Small papers in other languages, for tests that read them: a few stories of each section, one with all that a story can have."""

from __future__ import annotations

import itertools
import json
import threading
from datetime import timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy.orm import joinedload

from newsapp import copies
from newsapp.changes import tell, touch
from newsapp.database import db, now, writes
from newsapp.edition.pictures import copy_picture
from newsapp.media.files import keep
from newsapp.news.models import LIVE, TAKEN_DOWN, Article, Author, Correction, Page, Picture, Section, Tag
from newsapp.settings import store
from newsapp.settings.links import NETWORKS
from newsapp.traffic.windows import WINDOWS

PAPERS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "fixtures" / "papers").glob("*.json"))
}
DRAWINGS = ["strait", "wind", "ferry", "ballot", "court", "chamber", "city", "seawall", "bank", "bakery", "port", "runners", "stadium", "cycling"]


def write(app: Flask, language: str, within: str = "") -> dict[str, Any]:
    """Let a paper of that language be written and told, or its stories within a paper of another. The first story has everything."""
    words = PAPERS[language]
    with app.app_context(), writes():
        for name, value in (
            ("site_name", words["name"]),
            ("site_motto", words["motto"]),
            ("language", within or language),
            ("chief_email", "chief@paper.example"),
        ):
            store.change("site", name, value, "the test")
        stories = stories_of(words, app.config["NEWSAPP_HOME"] / "media")
        furnish(stories[0], words)
        for story in stories:
            story.language = language if within else ""
        section, at = stories[0].section, now() - timedelta(days=1)
        gone = Article(slug="gone", headline="…", section=section, state=TAKEN_DOWN, published_at=at)
        over = Article(slug="over", headline="…", section=section, state=LIVE, published_at=at, expires_at=at + timedelta(hours=1))
        db.session.add_all([*stories, gone, over, Page(slug="about", title=words["about"], body=words["body"])])
        touch("site", "front", "settings")
        db.session.commit()
    with app.app_context():
        count(app)
        db.session.remove()
    return words


LOOK = {
    "accent": "#b3261e", "footer_text": "Harbour Press, 1 Quay", "menu": "*\nPodcasts https://podcasts.paper.example/\n/about",
    "footer_columns": "Harbour Press\nJobs https://jobs.paper.example/\nAbout /about\nService\nLetters mailto:letters@paper.example",
    "profiles": "\n".join(f"https://{host}/paper" for network in NETWORKS for host in network.hosts[:1]) + "\nForum https://forum.paper.example/",
}  # fmt: skip


def dress(app: Flask) -> None:
    """Let the paper have all that editors can give its look."""
    media = app.config["NEWSAPP_HOME"] / "media"
    with app.app_context(), writes():
        for name, ink in (("logo", "#14181b"), ("logo_night", "#eceff0")):
            kept = keep(drawn_logo(ink), name.replace("_", "-"), media)
            logo = Picture(name=kept.name, widths=",".join(map(str, kept.widths)), width=kept.width, height=kept.height)
            db.session.add(logo)
            db.session.flush()
            store.change("site", name, logo.id, "the test")
        for name, value in LOOK.items():
            store.change("site", name, value, "the test")
        db.session.commit()
        db.session.remove()


def drawn_logo(ink: str) -> Image.Image:
    """A mark and a word on no ground."""
    image = Image.new("RGBA", (1080, 220), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 10, 210, 210), outline=ink, width=22)
    draw.rectangle((98, 10, 122, 210), fill=LOOK["accent"])
    draw.text((260, 20), "HARBOUR", fill=ink, font=ImageFont.load_default(170))
    return image


def stories_of(words: dict[str, Any], media: Path) -> list[Article]:
    """A story for each headline, each a few hours older than the one before."""
    drawings = itertools.cycle([picture(name, media, words) for name in DRAWINGS])
    authors = [Author(slug=f"desk-{n}", name=name, bio=words["bio"]) for n, name in enumerate(words["desk"])]
    stories: list[Article] = []
    for position, (slug, about) in enumerate(words["sections"].items()):
        section = Section(slug=slug, name=about["name"], position=position)
        for headline in about["headlines"]:
            n = len(stories)
            story = Article(slug=f"story-{n}", headline=headline, standfirst=words["standfirst"], body=words["body"], section=section, state=LIVE)
            story.published_at, story.picture, story.authors = now() - timedelta(hours=3 * n, minutes=5), next(drawings), authors[: 1 + n % 2]
            story.kicker = words["kicker"] if n % 3 == 0 else ""
            stories.append(story)
    return stories


def furnish(story: Article, words: dict[str, Any]) -> None:
    """All that a story can have."""
    story.tags, story.caption, story.guests = [Tag(slug="tag", name=words["tag"])], words["caption"], words["desk"][1]
    story.corrections = [Correction(at=now() - timedelta(hours=1), text=words["note"])]
    story.body += '<div data-related="story-1"></div>'
    story.body += '<figure data-embed="youtube"><a href="https://www.youtube.com/watch?v=abcdefghijk">Northlight</a></figure>'


def picture(name: str, media: Path, words: dict[str, Any]) -> Picture:
    kept = copy_picture(name, media)
    assert kept, name
    return Picture(name=kept.name, alt=words["caption"], credit=words["credit"], width=kept.width, height=kept.height, widths=kept.widths)


def count(app: Flask) -> None:
    """Lists of Most Viewed as counting would publish them: 1,234 views of the first story, ever fewer of the others, 1 of the last."""
    whole = db.session.query(Article).options(joinedload(Article.section)).filter(Article.state == LIVE, Article.expires_at.is_(None))
    stories = whole.order_by(Article.id).limit(9).all()
    items = [
        {"id": each.id, "path": f"/{each.section.slug}/{each.slug}", "headline": each.headline, "section": each.section.name,
         "section_slug": each.section.slug, "language": each.language, "views": views}
        for each, views in zip(stories, (1234, 111, 100, 23, 11, 7, 3, 2, 1), strict=False)
    ]  # fmt: skip
    connection = app.extensions["redis_jobs"]
    for window in WINDOWS:
        value = {"revision": 10**9, "scope": "site", "window": window.slug, "as_of": now().isoformat(), "items": items}
        copies.write(connection, f"news:list:site:{window.slug}", value)
    tell(connection)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def serve(app: Flask) -> WSGIServer:
    """The readers' entry on its port, for a browser, from this process."""
    server = make_server("127.0.0.1", app.config["PORT"], app.extensions["entry"], Server, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
