"""Exports to move in from: small ones written for a test, and what importing them does."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from sqlalchemy import func, select

from newsapp.database import db
from newsapp.imports.commands import import_
from newsapp.imports.report import Report
from newsapp.imports.wordpress import import_wordpress
from newsapp.news.models import Article, Author, Section, Tag

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Old paper</title>
<link>https://old.example</link><wp:base_blog_url>https://old.example</wp:base_blog_url>
<wp:author><wp:author_login>harbour</wp:author_login><wp:author_display_name>Harbour Desk</wp:author_display_name></wp:author>
<wp:category><wp:term_id>2</wp:term_id><wp:category_nicename>world</wp:category_nicename><wp:cat_name>World</wp:cat_name></wp:category>
<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>europe</wp:category_nicename><wp:category_parent>world</wp:category_parent>
<wp:cat_name>Europe</wp:cat_name></wp:category>
"""
TAIL = "</channel></rss>"
PLACES = {"title": "title", "link": "link", "guid": "guid", "creator": "dc:creator", "content": "content:encoded", "excerpt": "excerpt:encoded"}


def item(number: int, *, categories: str = "", meta: dict[str, str] | None = None, **fields: str) -> str:
    """An <item>; fields without a place of their own are WordPress's."""
    values = {
        "title": f"Story {number}", "link": f"https://old.example/2020/01/story-{number}/", "guid": f"https://old.example/?p={number}",
        "creator": "harbour", "content": "<p>Words.</p>", "post_id": str(number), "post_type": "post", "status": "publish",
        "post_name": f"story-{number}", "post_date": "2020-01-02 05:04:05", "post_date_gmt": "2020-01-02 03:04:05", **fields,
    }  # fmt: skip
    texts = (f"<{name}><![CDATA[{value}]]></{name}>" for name, value in ((PLACES.get(name, f"wp:{name}"), value) for name, value in values.items()))
    pairs = (f"<wp:meta_key>{key}</wp:meta_key><wp:meta_value>{escape(value)}</wp:meta_value>" for key, value in (meta or {}).items())
    metas = (f"<wp:postmeta>{pair}</wp:postmeta>" for pair in pairs)
    return f"<item>{''.join(texts)}{categories}{''.join(metas)}</item>\n"


def category(slug: str, name: str, domain: str = "category") -> str:
    return f'<category domain="{domain}" nicename="{slug}"><![CDATA[{name}]]></category>'


class Move:
    """An export file and what importing it does."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "export.xml"

    def write(self, *items: str, head: str = HEAD, tail: str = TAIL) -> Move:
        self.file.write_bytes((head + "".join(items) + tail).encode())
        return self

    def run(self, *items: str) -> Report:
        report = import_wordpress(self.write(*items).file if items else self.file)
        db.session.expire_all()
        assert report.items == report.imported + report.updated + report.unchanged + len(report.left_out)
        return report

    def command(self, *options: str) -> Result:
        return CliRunner().invoke(import_, ["wordpress", str(self.file), *options])


def article(slug: str = "story-1") -> Article:
    return db.session.scalars(select(Article).where(Article.slug == slug)).one()


def names(model: type[Section] | type[Tag] | type[Author]) -> set[str]:
    return set(db.session.scalars(select(model.name)))


def number_of(model: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def notes(report: Report) -> str:
    return "\n".join(note["note"] for note in report.notes)
