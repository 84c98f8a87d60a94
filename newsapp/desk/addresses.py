"""A story's address: made from its headline, fixed once readers may have it, changed on purpose with the old one leading on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from newsapp.database import db
from newsapp.desk.naming import free_slug, slug_of
from newsapp.news.models import DRAFT, Article, Redirect, Section, article_path


def has_fixed_address(article: Article, at: datetime) -> bool:
    """Whether readers may have its address already: then it stays."""
    return article.state not in (DRAFT, None) or (article.published_at is not None and article.published_at <= at and article.id is not None)


def chosen_slug(article: Article, wanted: str, headline: str, on_purpose: str, at: datetime) -> str:
    """The slug from now on. Of an address that is fixed only what is asked for on purpose makes another."""
    fixed = bool(article.slug) and has_fixed_address(article, at)
    if fixed and not on_purpose:
        return article.slug
    slug = slug_of(on_purpose if fixed else wanted or headline)
    return article.slug if article.slug == slug else free_slug(Article, slug, article.id)


def lead_on(article: Article, old_slug: str) -> None:
    """Have the old address lead to the article, in one step however often it moves, and none lead away from the new one."""
    homes = db.session.scalars(select(Section.slug)).all()
    db.session.execute(delete(Redirect).where(Redirect.path.in_([article_path(home, article.slug) for home in homes])))
    for home in homes:
        db.session.merge(Redirect(path=article_path(home, old_slug), article_id=article.id))
