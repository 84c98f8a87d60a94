"""What a save does to an article: typed words into tables, and the names of all that it shows on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from newsapp.changes import touch
from newsapp.database import db
from newsapp.desk import beside, translating
from newsapp.desk.addresses import chosen_slug, lead_on
from newsapp.desk.naming import slug_of
from newsapp.media import library
from newsapp.media.files import Kept
from newsapp.news.body import body_of
from newsapp.news.models import LIVE, Article, ArticleAuthor, Author, Picture, Tag
from newsapp.traffic.ranking import sums_follow

Typed = dict[str, Any]
PLAIN = ("headline", "list_headline", "kicker", "standfirst", "caption", "language", "guests", "robots")


class StaleSave(Exception):
    """Somebody else saved the article since it was opened."""


def load(article_id: int) -> Article | None:
    """An article with all that its form shows, as the database has it now."""
    parts = [selectinload(part) for part in (Article.section, Article.picture, Article.tags, Article.authors)]
    wanted = select(Article).where(Article.id == article_id).options(*parts)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def write(article: Article, typed: Typed, kept: Kept | None, zone: ZoneInfo, at: datetime) -> Article:
    """Put what was typed into an article, in the open transaction. Raises StaleSave."""
    if article.id and article.version != typed["version"]:
        raise StaleSave
    touched, old_slug = (article.touches() if article.id else []), article.slug
    tags = [named(Tag, name) for name in names_in(typed["tags"])]  # made first: the flush in there must not send half an article
    authors = [named(Author, name) for name in names_in(typed["bylines"])]
    with db.session.no_autoflush:
        fill(article, typed, zone, at)
        article.picture = pictured(article, typed, kept)
        article.tags = tags
    db.session.add(article)
    db.session.flush()
    write_authors(article, authors)
    beside.write_pictures(article)
    beside.write_related(article, typed["related"])
    translating.write(article, typed["translation_of"])
    if typed["new_slug"] and article.slug != old_slug:
        lead_on(article, old_slug)
    sums_follow(article.id, article.section_id)
    written = load(article.id)
    assert written is not None
    touch(*touched, *written.touches())
    return written


def fill(article: Article, typed: Typed, zone: ZoneInfo, at: datetime) -> None:
    for name in PLAIN:
        setattr(article, name, typed[name])
    article.body = body_of(typed["body"])
    article.published_at = moment_of(typed["publish_at"], article.published_at, zone, article.state)
    article.expires_at = moment_of(typed["expires_at"], article.expires_at, zone, "")
    article.section_id = typed["section"]
    article.slug = chosen_slug(article, typed["slug"], typed["headline"], typed["new_slug"], at)
    article.updated_at = at  # always another value, so that the version moves even when only tags were changed


def names_in(text: str) -> list[str]:
    """Names between commas, each once, in their order."""
    return list(dict.fromkeys(name for part in text.split(",") if (name := " ".join(part.split()))))


def named(model: type[Any], name: str) -> Any:
    """The tag or author of that name, made when there is none."""
    slug = slug_of(name)
    found = db.session.scalar(select(model).where(model.slug == slug))
    if found is None:
        found = model(slug=slug, name=name)
        db.session.add(found)
        db.session.flush()
    return found


def write_authors(article: Article, authors: list[Author]) -> None:
    """The bylines in their order, written anew when they are others."""
    present = select(ArticleAuthor.author_id).where(ArticleAuthor.article_id == article.id).order_by(ArticleAuthor.position)
    ids = list(dict.fromkeys(author.id for author in authors))
    if list(db.session.scalars(present)) == ids:
        return
    db.session.execute(delete(ArticleAuthor).where(ArticleAuthor.article_id == article.id))
    db.session.add_all(ArticleAuthor(article_id=article.id, author_id=author_id, position=place) for place, author_id in enumerate(ids))
    db.session.flush()


def moment_of(typed: datetime | None, current: datetime | None, zone: ZoneInfo, state: str) -> datetime | None:
    """When it goes out, in UTC. The form shows minutes: a minute that was not changed keeps its seconds."""
    if typed is None:
        return current if state == LIVE else None
    if current is not None and (typed, typed.fold) == ((shown := shown_moment(current, zone)), shown.fold):
        return current
    return typed.replace(tzinfo=zone).astimezone(UTC)


def shown_moment(moment: datetime, zone: ZoneInfo) -> datetime:
    """As the form shows it: the zone's clock, without seconds."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)


def pictured(article: Article, typed: Typed, kept: Kept | None) -> Picture | None:
    """The picture that it has from now on, with the words typed for it."""
    current = article.picture
    picture = library.bring(kept) if kept else picked(typed["picture_id"]) or (None if typed["remove_picture"] else current)
    if picture is None:
        return None
    for name in ("alt", "credit", "focus_x", "focus_y"):
        said = typed[name]
        if said is not None and (said or picture is current) and said != getattr(picture, name):
            setattr(picture, name, said)
            library.tell_users(picture)
    return picture


def picked(picture_id: int | None) -> Picture | None:
    """A picture of the library by its number."""
    return db.session.get(Picture, picture_id) if picture_id else None
