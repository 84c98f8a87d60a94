"""Old addresses: what an earlier system called an article or a page."""

from __future__ import annotations

import re
from urllib.parse import quote

from sqlalchemy import select

from newsapp.database import db
from newsapp.news.models import Article, Page, Redirect, Section, article_path

CATEGORY = re.compile(r"^/category/(?:[^/]+/)*?([^/]+)(/feed)?$")
PARAMS = ("p", "page_id", "attachment_id")  # WordPress's plain addresses: /?p=12


def find(path: str) -> str | None:
    """Where the thing with that old address is now; without its last slash for an address that only has one too many."""
    if known := usual(path.rstrip("/")):
        return known
    plain = "/" + path.strip("/")  # one slash in front: two would name another host
    row = db.session.get(Redirect, path.rstrip("/") or "/")
    target = row and (row.target or article_target(row.article_id) or page_target(row.page_id))
    if target:
        return target
    return quote(plain) if path != plain and "?" not in path else None


def usual(path: str) -> str | None:
    """WordPress's addresses of feeds and categories, which no export lists."""
    if path in ("/feed", "/rss", "/feed/rss2"):
        return "/feed.xml"
    category = CATEGORY.match(path)
    section = category and db.session.scalar(select(Section).where(Section.slug == category[1]))
    return f"{section.path}{'/feed.xml' if category and category[2] else ''}" if section else None


def article_target(article_id: int | None) -> str | None:
    if article_id is None:
        return None
    query = select(Section.slug, Article.slug).join(Section, Section.id == Article.section_id).where(Article.id == article_id)
    row = db.session.execute(query).first()
    return article_path(*row) if row else None


def page_target(page_id: int | None) -> str | None:
    found = db.session.get(Page, page_id) if page_id is not None else None
    return found.path if found else None
