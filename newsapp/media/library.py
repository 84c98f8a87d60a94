"""The media library: finding pictures, where each is used, and what happens when one is brought, replaced or removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select, true, union
from sqlalchemy.orm import defer, selectinload

from newsapp.changes import touch
from newsapp.database import db
from newsapp.media.files import Kept
from newsapp.news import logo
from newsapp.news.figures import picture_ids
from newsapp.news.models import Article, ArticlePicture, Page, Picture
from newsapp.news.paper import paper
from newsapp.settings.models import SettingChange

PER_PAGE = 24
WORDS = ("alt", "caption", "credit", "licence")  # what editors say of a picture


@dataclass(frozen=True)
class Filter:
    """One tab of the library."""

    slug: str
    label: str
    holds: ColumnElement[bool]


# Plain pages are few: their pictures are looked for in their text.
# What was a logo once may be one again: somebody may undo the change that took it away.
LOGO = exists().where(SettingChange.name.in_(logo.SETTINGS), cast(SettingChange.value, String) == cast(Picture.id, String))
IN_PAGE = exists().where(Page.body.contains(literal('data-picture="') + cast(Picture.id, String) + '"'))
USED = or_(exists().where(Article.picture_id == Picture.id), exists().where(ArticlePicture.picture_id == Picture.id), IN_PAGE, LOGO)
FILTERS = (
    Filter("all", "All", true()),
    Filter("used", "Used", USED),
    Filter("unused", "Unused", ~USED),
    Filter("undescribed", "Without description", Picture.alt == ""),
)
BY_SLUG = {each.slug: each for each in FILTERS}


class Shelf(NamedTuple):
    """One page of the library."""

    pictures: list[Picture]
    uses: dict[int, int]  # articles by picture
    on_pages: set[int]  # those that plain pages show
    number: int
    has_more: bool


class InUse(Exception):
    """A picture that stories or pages show, or that is the logo, cannot be removed."""


def matches(words: str) -> ColumnElement[bool]:
    """Pictures of whose name or words each of the words is a part."""
    fields = (Picture.name, *(getattr(Picture, name) for name in WORDS))
    return and_(true(), *(or_(*(field.icontains(word, autoescape=True) for field in fields)) for word in words.split()))


def shelf(which: Filter, words: str, number: int, length: int = PER_PAGE) -> Shelf:
    """A page of what was looked for, newest first; pictures without a file of ours are left out."""
    wanted = select(Picture).where(which.holds, matches(words), Picture.widths != "").order_by(Picture.id.desc())
    found = list(db.session.scalars(wanted.limit(length + 1).offset((number - 1) * length)))
    shown = found[:length]
    return Shelf(shown, uses_of([picture.id for picture in shown]), on_pages(), number, len(found) > length)


def placings(ids: list[int]) -> Any:
    """(picture, article) for each story that shows one of the pictures, as its lead or in its body."""
    leads = select(Article.picture_id.label("picture_id"), Article.id.label("article_id")).where(Article.picture_id.in_(ids))
    inside = select(ArticlePicture.picture_id, ArticlePicture.article_id).where(ArticlePicture.picture_id.in_(ids))
    return union(leads, inside).subquery()


def uses_of(ids: list[int]) -> dict[int, int]:
    """In how many articles each picture stands; one that is not named stands in none."""
    places = placings(ids)
    counted = select(places.c.picture_id, func.count()).group_by(places.c.picture_id)
    return {picture_id: count for picture_id, count in db.session.execute(counted)}


def users_of(picture_id: int) -> list[Article]:
    """The articles that show a picture, newest first."""
    places = placings([picture_id])
    query = select(Article).where(Article.id.in_(select(places.c.article_id))).order_by(Article.id.desc())
    return list(db.session.scalars(query.options(defer(Article.body), selectinload(Article.tags), selectinload(Article.authors))))


def on_pages() -> set[int]:
    """The pictures that plain pages show."""
    return {number for body in db.session.scalars(select(Page.body).where(Page.body.contains("data-picture="))) for number in picture_ids(body)}


def pages_with(picture_id: int) -> list[Page]:
    """The plain pages that show a picture."""
    return list(db.session.scalars(select(Page).where(Page.body.contains(f'data-picture="{picture_id}"')).order_by(Page.title)))


def bring(kept: Kept, **words: str) -> Picture:
    """The record of a picture whose files are there; the same picture brought twice is one. Its words stay where none are given."""
    picture = db.session.scalar(select(Picture).where(Picture.name == kept.name)) or Picture(name=kept.name)
    measure(picture, kept)
    for name in WORDS:
        if words.get(name):
            setattr(picture, name, words[name])
    db.session.add(picture)
    db.session.flush()
    return picture


def measure(picture: Picture, kept: Kept) -> None:
    picture.name, picture.width, picture.height = kept.name, kept.width, kept.height
    picture.widths, picture.formats = ",".join(map(str, kept.widths)), ",".join(kept.formats)


def replace(picture: Picture, kept: Kept) -> None:
    """Another file for the same picture, wherever it stands."""
    measure(picture, kept)
    tell_users(picture)


def is_logo(picture_id: int) -> bool:
    """Whether every page shows it, at its head or at its foot."""
    settings = paper()
    return picture_id in [settings[name] for name in logo.SETTINGS]


def tell_users(picture: Picture) -> None:
    """Say in the open transaction what a change of the picture shows on."""
    names = {name for article in users_of(picture.id) for name in article.touches()}
    names |= {f"page:{page.id}" for page in pages_with(picture.id)}
    names |= {"settings"} if is_logo(picture.id) else set()
    if names:
        touch(*names)


def other_of(name: str, own_id: int) -> int | None:
    """The number of another picture of that name: the same file, brought before."""
    return db.session.scalar(select(Picture.id).where(Picture.name == name, Picture.id != own_id))


def remove(picture: Picture) -> None:
    """Take it out of the library. Raises InUse."""
    if uses_of([picture.id]) or pages_with(picture.id) or is_logo(picture.id):
        raise InUse
    db.session.delete(picture)


def describe(picture: Picture, said: dict[str, Any]) -> None:
    """Keep what editors say of it."""
    for name in (*WORDS, "focus_x", "focus_y"):
        setattr(picture, name, said[name])
    tell_users(picture)
