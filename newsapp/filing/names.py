"""Tags and authors: how many stories each has, new names, and two made one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update

from newsapp.changes import touch
from newsapp.database import db
from newsapp.news.models import Article, ArticleAuthor, ArticleTag, Author, Redirect, Tag

AT_ONCE = 500  # ids in one statement
PER_PAGE = 50


@dataclass(frozen=True)
class Kind:
    """What names a story: its model, the table that ties it to stories, and the column there."""

    slug: str
    label: str
    one: str
    model: type[Any]
    tie: type[Any]
    column: str

    @property
    def tied(self) -> Any:
        return getattr(self.tie, self.column)


KINDS = (
    Kind("tags", "Tags", "tag", Tag, ArticleTag, "tag_id"),
    Kind("authors", "Authors", "author", Author, ArticleAuthor, "author_id"),
)
BY_SLUG = {kind.slug: kind for kind in KINDS}


class NotDone(ValueError):
    """What was asked cannot be done; the message says why."""


class Line(NamedTuple):
    """One name of the list, and how many stories it has."""

    named: Any
    stories: int


def listed(kind: Kind, words: str, number: int) -> tuple[list[Line], bool]:
    """A page of the names that hold the words, by name; and whether more follow."""
    query = select(kind.model).order_by(kind.model.name, kind.model.id)
    for word in words.split():
        query = query.where(kind.model.name.icontains(word, autoescape=True))
    found = list(db.session.scalars(query.offset((number - 1) * PER_PAGE).limit(PER_PAGE + 1)))
    shown = found[:PER_PAGE]
    counts = stories_of(kind, [each.id for each in shown])
    return [Line(each, counts.get(each.id, 0)) for each in shown], len(found) > PER_PAGE


def stories_of(kind: Kind, ids: Iterable[int]) -> dict[int, int]:
    """How many stories each of these has."""
    counted = select(kind.tied, func.count()).where(kind.tied.in_(list(ids))).group_by(kind.tied)
    return {row[0]: row[1] for row in db.session.execute(counted)}


def find(kind: Kind, name: str) -> Any:
    """The one of that name or address. Raises NotDone."""
    wanted = name.strip()
    query = select(kind.model).where((func.lower(kind.model.name) == wanted.lower()) | (kind.model.slug == wanted))
    found = db.session.scalar(query.order_by(kind.model.id).limit(1))
    if found is None:
        raise NotDone(f"There is no {kind.one} called {wanted!r}." if wanted else f"Say which {kind.one}.")
    return found


def rename(kind: Kind, named: Any, name: str, bio: str | None = None) -> None:
    """Give another name, in the open transaction; its address stays."""
    named.name = name
    if bio is not None and kind.model is Author:
        named.bio = bio
    touch_stories(kind, named)


def merge(kind: Kind, named: Any, into: Any) -> int:
    """Make two one, in the open transaction: its stories are the other's, and its address leads there. Returns how many moved. Raises NotDone."""
    if named.id == into.id:
        raise NotDone(f"A {kind.one} cannot be merged into itself.")
    touch_stories(kind, named)
    both = select(kind.tie.article_id).where(kind.tied == into.id)
    moving = db.session.scalars(select(kind.tie.article_id).where(kind.tied == named.id, kind.tie.article_id.not_in(both))).all()
    db.session.execute(update(kind.tie).where(kind.tied == named.id, kind.tie.article_id.in_(moving)).values({kind.column: into.id}))
    lead_on(named.path, into.path)
    remove(kind, named)
    touch_stories(kind, into)
    return len(moving)


def remove(kind: Kind, named: Any) -> None:
    """Take it away, in the open transaction, from its stories too."""
    touch(touched_by(kind, named))
    db.session.execute(delete(kind.tie).where(kind.tied == named.id))
    db.session.delete(named)
    db.session.flush()


def lead_on(path: str, target: str) -> None:
    """Let an address lead to another, and those that led to it as well."""
    db.session.execute(update(Redirect).where(Redirect.target == path).values(target=target))
    db.session.execute(delete(Redirect).where(Redirect.path == target))
    db.session.merge(Redirect(path=path, target=target))


def touch_stories(kind: Kind, named: Any) -> None:
    """Tell of every page that shows the name: its own, and those of its stories."""
    ids = db.session.scalars(select(kind.tie.article_id).where(kind.tied == named.id)).all()
    names = [touched_by(kind, named), *(f"article:{each}" for each in ids)]
    sections = db.session.scalars(select(Article.section_id).where(Article.id.in_(ids[:AT_ONCE])).distinct())
    names += ["front", *(f"section:{each}" for each in sections)]
    for start in range(0, len(names), AT_ONCE):
        touch(*names[start : start + AT_ONCE])


def touched_by(kind: Kind, named: Any) -> str:
    return f"{kind.one}:{named.id}"
