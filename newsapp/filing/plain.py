"""Plain pages as editors keep them: what a save does to one, its address, and what is lost when it goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from newsapp.changes import touch
from newsapp.database import db
from newsapp.desk.naming import slug_of, stands_against
from newsapp.desk.writing import StaleSave
from newsapp.filing.names import NotDone
from newsapp.news import figures
from newsapp.news.body import body_of
from newsapp.news.models import DRAFT, LIVE, Page, Redirect

Typed = dict[str, Any]


def listed() -> list[Page]:
    """All pages in the order in which readers find them, those that are hidden among them."""
    return list(db.session.scalars(select(Page).order_by(Page.position, Page.title)))


def typed_of(page: Page) -> Typed:
    """A page as its form shows it."""
    plain = {name: getattr(page, name) for name in ("title", "slug", "standfirst", "position", "version")}
    return {**plain, "body": figures.as_now(page.body), "shown": page.state == LIVE}


def write(page: Page, typed: Typed, at: datetime) -> None:
    """Put what was typed into a page, in the open transaction. Raises StaleSave, and NotDone for an address that it cannot have."""
    if page.id and page.version != typed["version"]:
        raise StaleSave
    before = (page.slug, page.state) if page.id else None
    slug = typed["slug"] or page.slug or slug_of(typed["title"])
    if slug != page.slug and (problem := stands_against(slug, page.id)):
        raise NotDone(problem)
    fill(page, {**typed, "slug": slug}, at)
    db.session.add(page)
    db.session.flush()
    if before and before[0] != slug:
        lead_on(page, before[0] if before[1] == LIVE else "")
    touch(f"page:{page.id}", *([] if before == (page.slug, page.state) else ["site"]))


def fill(page: Page, typed: Typed, at: datetime) -> None:
    """The date that readers see moves with words alone, not with a place in a list."""
    state, body = LIVE if typed["shown"] else DRAFT, body_of(typed["body"])
    if (page.title, page.standfirst, page.body, page.state) != (typed["title"], typed["standfirst"], body, state):
        page.updated_at = at
    page.title, page.standfirst, page.body, page.slug, page.state = typed["title"], typed["standfirst"], body, typed["slug"], state
    page.position = typed["position"] if typed["position"] is not None else 100


def lead_on(page: Page, old_slug: str) -> None:
    """Have the old address that readers had lead to the page, and none lead away from the new one."""
    db.session.execute(delete(Redirect).where(Redirect.path == page.path))
    if old_slug:
        db.session.merge(Redirect(path=f"/{old_slug}", page_id=page.id))


def remove(page: Page) -> None:
    """Gone for good, with the old addresses that led to it, in the open transaction."""
    touch(f"page:{page.id}", "site")
    db.session.execute(delete(Redirect).where(Redirect.page_id == page.id))
    db.session.delete(page)
