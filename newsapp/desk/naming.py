"""Slugs that the desk gives: the part of an address that names a story, a tag, an author or a section."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import exists, or_, select

from newsapp.database import db
from newsapp.news.models import Article, Author, Page, Redirect, Section, Tag, article_path
from newsapp.news.slugs import FreeSlugs, is_reserved, slugify

LONGEST = 80
Named = type[Article] | type[Tag] | type[Author] | type[Section]


def slug_of(text: str) -> str:
    """The text as a slug; a number of its own when it has neither letters nor digits."""
    slug = slugify(text, limit=LONGEST + 1)
    if len(slug) > LONGEST:
        slug = slug.rpartition("-")[0] or slug[:LONGEST]
    return slug or blake2b(text.encode(), digest_size=4).hexdigest()


def free_slug(model: Named, wanted: str, own_id: int | None = None) -> str:
    """The wanted slug, or with the first number behind it that nobody has."""
    return FreeSlugs().find(model.__name__, wanted, lambda slug: is_taken(model, slug, own_id))


def is_taken(model: Named, slug: str, own_id: int | None = None) -> bool:
    if db.session.scalar(select(exists().where(model.slug == slug, model.id != (own_id or 0)))):
        return True
    return model is Article and leads_elsewhere(slug, own_id)


def leads_elsewhere(slug: str, own_id: int | None) -> bool:
    """Whether an article had that slug before another has it now: its readers are led on."""
    paths = [article_path(section, slug) for section in db.session.scalars(select(Section.slug))]
    others = or_(Redirect.article_id.is_(None), Redirect.article_id != (own_id or 0))
    return bool(db.session.scalar(select(exists().where(Redirect.path.in_(paths), others))))


def stands_against(slug: str, page_id: int | None = None) -> str:
    """Why a section, or the plain page of that id, cannot have that address; empty when it can.

    Sections and pages share the first level with each other and with the site itself; what is there hides a redirect.
    """
    if is_reserved(slug):
        return f"/{slug} is an address that the site itself answers."
    if is_taken(Section, slug):
        return f"/{slug} is another section's."
    if db.session.scalar(select(exists().where(Page.slug == slug, Page.id != (page_id or 0)))):
        return f"/{slug} is a page's."
    old = db.session.get(Redirect, f"/{slug}")
    if old and (old.page_id is None or old.page_id != page_id):
        return f"/{slug} is an old address that leads on. Remove that redirect first."
    return ""
