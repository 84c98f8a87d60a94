"""Slugs that the desk gives: the part of an address that names a story, a tag, an author or a section."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import exists, select

from newsapp.database import db
from newsapp.news.models import Article, Author, Page, Section, Tag
from newsapp.news.slugs import RESERVED, FreeSlugs, slugify

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
    return bool(db.session.scalar(select(exists().where(model.slug == slug, model.id != (own_id or 0)))))


def stands_against(slug: str) -> str:
    """Why a section cannot have that address; empty when it can. Sections share the first level with pages and with the site itself."""
    if slug in RESERVED:
        return f"/{slug} is an address that the site itself answers."
    if is_taken(Section, slug):
        return f"/{slug} is another section's."
    if db.session.scalar(select(exists().where(Page.slug == slug))):
        return f"/{slug} is a page's."
    return ""
