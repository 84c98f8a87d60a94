"""The copies that pages read, by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from newsapp.changes import Change
from newsapp.copies import Copy
from newsapp.database import db, now
from newsapp.news.models import LIVE, SPIKED, TAKEN_DOWN, Article, Page, Section, article_path
from newsapp.settings.store import SETTINGS_COPY

LATEST = 8  # stories of each section kept for "More in"
AHEAD = timedelta(minutes=2)  # stories that go live soon are in the copy already; blocks ask the clock
HIDDEN_FOR = timedelta(days=40)  # longer than any list can be old


def revision() -> int:
    """The number of the newest change: grows with every commit that readers could notice."""
    return db.session.scalar(select(func.max(Change.id))) or 0


def latest_of(section_id: int) -> list[dict[str, Any]]:
    """The newest stories of a section, those about to go live included."""
    query = (
        select(Article.id, Article.slug, Article.headline, Article.list_headline, Article.published_at, Section.slug.label("section_slug"))
        .join(Section, Section.id == Article.section_id)
        .where(Article.state == LIVE, Article.section_id == section_id, Article.published_at <= now() + AHEAD)
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(LATEST)
    )
    return [
        {
            "id": row.id,
            "headline": row.list_headline or row.headline,
            "path": article_path(row.section_slug, row.slug),
            "published_at": row.published_at.isoformat(),
        }
        for row in db.session.execute(query)
    ]


def build_site() -> dict[str, Any]:
    """Sections with their newest stories, and the plain pages."""
    number = revision()
    sections = db.session.scalars(select(Section).order_by(Section.position, Section.name)).all()
    pages = db.session.scalars(select(Page).where(Page.state == LIVE).order_by(Page.position, Page.title)).all()
    return {
        "revision": number,
        "sections": [
            {"id": section.id, "slug": section.slug, "name": section.name, "path": section.path, "latest": latest_of(section.id)}
            for section in sections
        ],
        "pages": [{"path": page.path, "title": page.title} for page in pages],
    }


def build_hidden() -> dict[str, Any]:
    """Ids taken off the site lately: lists built before must not show them."""
    number = revision()
    query = select(Article.id).where(Article.state.in_((SPIKED, TAKEN_DOWN)), Article.updated_at > now() - HIDDEN_FOR)
    return {"revision": number, "ids": sorted(db.session.scalars(query))}


COPIES = (SETTINGS_COPY, Copy("site", build_site), Copy("hidden", build_hidden))
BY_NAME = {copy.name: copy for copy in COPIES}


def copy_named(name: str) -> Copy:
    """The copy of that name; `list:<scope>:<window>` is a Most Viewed list. Raises KeyError."""
    if name.startswith("list:"):
        from newsapp.traffic.ranking import list_copy

        return list_copy(name)
    return BY_NAME[name]
