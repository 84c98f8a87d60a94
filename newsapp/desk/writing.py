"""What a save does to an article: typed words into tables, and the names of all that it shows on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from newsapp.changes import touch
from newsapp.database import db
from newsapp.desk.naming import free_slug, slug_of
from newsapp.desk.pictures import Kept
from newsapp.news.body import body_of
from newsapp.news.models import DRAFT, LIVE, SPIKED, TAKEN_DOWN, Article, ArticleAuthor, Author, Picture, Tag
from newsapp.traffic.ranking import sums_follow

Typed = dict[str, Any]
PLAIN = ("headline", "list_headline", "kicker", "standfirst", "caption", "language", "front_position")


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
    touched = article.touches() if article.id else []
    tags = [named(Tag, name) for name in names_in(typed["tags"])]  # made first: the flush in there must not send half an article
    authors = [named(Author, name) for name in names_in(typed["bylines"])]
    with db.session.no_autoflush:
        fill(article, typed, zone, at)
        article.picture = pictured(article, typed, kept)
        article.tags = tags
    db.session.add(article)
    db.session.flush()
    write_authors(article, authors)
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
    article.section_id = typed["section"]
    article.slug = chosen_slug(article, typed, at)
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
    """The bylines in their order."""
    db.session.execute(delete(ArticleAuthor).where(ArticleAuthor.article_id == article.id))
    ids = dict.fromkeys(author.id for author in authors)
    db.session.add_all(ArticleAuthor(article_id=article.id, author_id=author_id, position=place) for place, author_id in enumerate(ids))
    db.session.flush()


def moment_of(typed: datetime | None, current: datetime | None, zone: ZoneInfo, state: str) -> datetime | None:
    """When it goes out, in UTC. The form shows minutes: a minute that was not changed keeps its seconds."""
    if typed is None:
        return current if state == LIVE else None
    if current is not None and typed == shown_moment(current, zone):
        return current
    return typed.replace(tzinfo=zone).astimezone(UTC)


def shown_moment(moment: datetime, zone: ZoneInfo) -> datetime:
    """As the form shows it: the zone's clock, without seconds."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)


def has_fixed_address(article: Article, at: datetime) -> bool:
    """Whether readers may have its address already: then it stays."""
    return article.state not in (DRAFT, None) or (article.published_at is not None and article.published_at <= at and article.id is not None)


def chosen_slug(article: Article, typed: Typed, at: datetime) -> str:
    if article.slug and has_fixed_address(article, at):
        return article.slug
    wanted = slug_of(typed["slug"] or typed["headline"])
    return article.slug if article.slug == wanted else free_slug(Article, wanted, article.id)


def pictured(article: Article, typed: Typed, kept: Kept | None) -> Picture | None:
    """The picture that it has from now on, with the words typed for it."""
    if kept:
        picture = db.session.scalar(select(Picture).where(Picture.name == kept.name)) or Picture(name=kept.name)
        picture.width, picture.height = kept.width, kept.height
        picture.widths = ",".join(map(str, kept.widths))
    elif typed["remove_picture"] or article.picture is None:
        return None
    else:
        picture = article.picture
    picture.alt, picture.credit = typed["alt"], typed["credit"]
    return picture


def publish(article: Article, at: datetime) -> None:
    """Let readers see it: now, or when the time typed for it comes."""
    article.published_at = article.published_at or at
    turn(article, LIVE, at)


def spike(article: Article, at: datetime) -> None:
    """Take it off the site and keep it on the desk."""
    turn(article, SPIKED, at)


def unspike(article: Article, at: datetime) -> None:
    """Back among the drafts; publishing it again is a decision of its own."""
    turn(article, DRAFT, at)


def take_down(article: Article, at: datetime) -> None:
    """Gone for good: readers are told so, and the text is not kept."""
    article.body = article.standfirst = article.caption = article.kicker = ""
    article.picture = None
    article.front_position = None
    turn(article, TAKEN_DOWN, at)


def turn(article: Article, state: str, at: datetime) -> None:
    article.state = state
    article.updated_at = at
    touch(*article.touches())
