"""The copies that pages read, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, union_all
from sqlalchemy.orm import joinedload

from newsapp.changes import Change
from newsapp.copies import Copy
from newsapp.database import db, now
from newsapp.front.models import breaking
from newsapp.news.models import LIVE, SPIKED, TAKEN_DOWN, Article, Page, Section, article_path
from newsapp.settings.store import SETTINGS_COPY
from newsapp.traffic import guard
from newsapp.traffic.ranking import list_copy

LATEST = 8  # stories of each section kept for "More in"
AHEAD = timedelta(minutes=2)  # stories that go live soon are in the copy already; blocks ask the clock
HIDDEN_FOR = timedelta(days=40)  # longer than any list can be old
ENDED, ENDING = timedelta(days=2), timedelta(days=1)  # stories whose time was over, or will be: a list may be as old, and be shown as long


def revision() -> int:
    """The number of the newest change: grows with every commit that readers could notice."""
    return db.session.scalar(select(func.max(Change.id))) or 0


def latest(sections: Sequence[Section], at: datetime) -> dict[int, list[dict[str, Any]]]:
    """The newest stories of each section, those about to go live included."""
    if not sections:
        return {}
    paths = {section.id: section.slug for section in sections}
    ids = union_all(*(select(soon_live(at).where(Article.section_id == number).limit(LATEST).subquery().c.id) for number in paths))
    columns = (Article.id, Article.slug, Article.headline, Article.list_headline, Article.language, Article.published_at, Article.section_id)
    found: dict[int, list[dict[str, Any]]] = {number: [] for number in paths}
    for row in db.session.execute(select(*columns).where(Article.id.in_(ids)).order_by(Article.published_at.desc(), Article.id.desc())):
        found[row.section_id].append({
            "id": row.id, "headline": row.list_headline or row.headline, "language": row.language,
            "path": article_path(paths[row.section_id], row.slug), "published_at": row.published_at.isoformat(),
        })  # fmt: skip
    return found


def soon_live(at: datetime) -> Select[Any]:
    """The ids of stories that are live in a moment, the newest first."""
    lasting = or_(Article.expires_at.is_(None), Article.expires_at > at)
    live = select(Article.id).where(Article.state == LIVE, Article.published_at <= at + AHEAD, lasting)
    return live.order_by(Article.published_at.desc(), Article.id.desc())


def build_site(at: datetime) -> dict[str, Any]:
    """Sections with their newest stories, and the plain pages."""
    number = revision()
    sections = db.session.scalars(select(Section).order_by(Section.position, Section.name)).all()
    stories = latest(sections, at)
    pages = db.session.scalars(select(Page).where(Page.state == LIVE).order_by(Page.position, Page.title)).all()
    return {
        "revision": number,
        "sections": [
            {"id": section.id, "slug": section.slug, "name": section.name, "path": section.path, "latest": stories[section.id]}
            for section in sections
        ],
        "pages": [{"path": page.path, "title": page.title} for page in pages],
        "breaking": breaking_news(at),
    }


def breaking_news(at: datetime) -> dict[str, Any] | None:
    """The line above the news; whoever shows it asks the clock whether it still holds."""
    line = breaking(at)
    if line is None:
        return None
    story = db.session.get(Article, line.article_id, options=[joinedload(Article.section)]) if line.article_id else None
    return {
        "id": line.id, "text": line.text, "at": line.at.isoformat(), "until": line.until.timestamp(), "article_id": line.article_id,
        "path": article_path(story.section.slug, story.slug) if story else "",
    }  # fmt: skip


def build_hidden(at: datetime) -> dict[str, Any]:
    """What lists built before must not show: ids taken off the site lately, and with their moments those held out and those that end."""
    number = revision()
    query = select(Article.id).where(Article.state.in_((SPIKED, TAKEN_DOWN)), Article.updated_at > at - HIDDEN_FOR)
    held_out = {str(each.article_id): each.until for each in guard.in_force(db.session.connection(), at) if each.action == guard.HOLD_OUT}
    return {"revision": number, "ids": sorted(db.session.scalars(query)), "held_out": held_out, "ending": ending(at)}


def ending(at: datetime) -> dict[str, float]:
    """Live stories whose time ends about now, each with that moment in seconds since 1970."""
    query = select(Article.id, Article.expires_at).where(Article.state == LIVE, Article.expires_at > at - ENDED, Article.expires_at <= at + ENDING)
    return {str(row.id): row.expires_at.timestamp() for row in db.session.execute(query)}


COPIES = (SETTINGS_COPY, Copy("site", lambda: build_site(now())), Copy("hidden", lambda: build_hidden(now())))
BY_NAME = {copy.name: copy for copy in COPIES}


def copy_named(name: str) -> Copy:
    """The copy of that name; `list:…` is a Most Viewed list. Raises KeyError."""
    return list_copy(name) if name.startswith("list:") else BY_NAME[name]
