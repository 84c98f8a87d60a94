"""ACTIONS: what is done to many articles at once, each in its own short transaction, so that nobody else waits and one refusal stops no other.

What changes readers' pages is foreseen first: a page says what becomes of each article, and why some would be left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import defer, joinedload

from newsapp.changes import touch
from newsapp.database import db
from newsapp.desk import writing
from newsapp.filing.names import BY_SLUG, NotDone, find
from newsapp.news.models import SPIKED, TAKEN_DOWN, Article, ArticleTag, Section, Tag, article_path
from newsapp.news.paper import paper
from newsapp.publishing.actions import BY_NAME as TURNS
from newsapp.publishing.approval import NotApproved, Person, refusal
from newsapp.publishing.turns import WrongState, turn
from newsapp.traffic.ranking import sums_follow

MOST = 1000  # articles at once
Act = Callable[[Article, Any, Person, datetime], None]
Foresee = Callable[[Article, Any, Person, datetime], str]
Find = Callable[[str], Any]


@dataclass(frozen=True)
class Bulk:
    """One thing to do. `value` finds what it is done with, from what was typed or chosen; None where it needs nothing."""

    name: str
    label: str
    done: str  # said afterwards, with the number of articles
    act: Act
    value: Find | None = None
    asks: str = ""  # "tag" or "section": the field that it needs
    foresee: Foresee | None = None  # what becomes of an article; raises NotDone. None: done at once, since a click takes it back
    undo: str = ""  # the action that takes it back with the same value
    undo_label: str = ""


class Undo(NamedTuple):
    """A button that takes back what was done: an action, on these articles, with what."""

    label: str
    action: str
    ids: list[int]
    value: str


class Left(NamedTuple):
    """An article that is left as it is, and why."""

    headline: str
    why: str


class Outcome(NamedTuple):
    """What was done, why some were left, and what takes it back."""

    done: list[int]
    left: list[Left]
    undos: list[Undo]


class Foreseen(NamedTuple):
    """What would become of each article, and which would be left."""

    coming: list[tuple[Article, str]]
    left: list[Left]


def section_of(number: str) -> Section:
    section = db.session.get(Section, int(number)) if number.isdigit() else None
    if section is None:
        raise NotDone("Choose the section that they are to move to.")
    return section


def tag_of(name: str) -> Tag:
    """The tag of that name, made when there is none."""
    if not name.strip():
        raise NotDone("Say which tag.")
    tag: Tag = writing.named(Tag, " ".join(name.split()))
    return tag


def known_tag(name: str) -> Tag:
    tag: Tag = find(BY_SLUG["tags"], name)
    return tag


def move(article: Article, section: Section, person: Person, at: datetime) -> None:
    """To another section. The old address leads on by itself: a story is found by its own part of it."""
    article.section_id = section.id
    sums_follow(article.id, section.id)


def foresee_move(article: Article, section: Section, person: Person, at: datetime) -> str:
    if article.section_id == section.id:
        raise NotDone(f"It is in {section.name} already.")
    if article.is_live(at):
        return f"Readers find it at {article_path(section.slug, article.slug)}, and its old address leads there."
    return f"It goes to {section.name}. Readers do not see it now."


def tag(article: Article, tag: Tag, person: Person, at: datetime) -> None:
    if db.session.get(ArticleTag, (article.id, tag.id)):
        raise NotDone("It has the tag already.")
    db.session.add(ArticleTag(article_id=article.id, tag_id=tag.id))


def untag(article: Article, tag: Tag, person: Person, at: datetime) -> None:
    if not db.session.get(ArticleTag, (article.id, tag.id)):
        raise NotDone("It does not have the tag.")
    db.session.execute(delete(ArticleTag).where(ArticleTag.article_id == article.id, ArticleTag.tag_id == tag.id))


def turning(name: str) -> Act:
    """One of the turns of a story, done to many."""

    def act(article: Article, nothing: None, person: Person, at: datetime) -> None:
        try:
            turn(article, name, person, at)
        except (WrongState, NotApproved) as error:
            raise NotDone(str(error)) from error

    return act


def foresee_spike(article: Article, nothing: None, person: Person, at: datetime) -> str:
    if article.state == SPIKED:
        raise NotDone("It is spiked already.")
    if said := refusal(TURNS["spike"], article.state, person, paper(), ()):
        raise NotDone(said)
    if article.is_live(at):
        return "Readers find nothing at its address, and it leaves every list."
    return "It no longer goes out." if article.is_embargoed(at) else "It is put aside. Readers do not see it now."


ACTIONS = (
    Bulk("tag", "Add a tag", "Tagged", tag, tag_of, "tag", undo="untag", undo_label="Take the tag off again"),
    Bulk("untag", "Take a tag away", "Tag taken away from", untag, known_tag, "tag", undo="tag", undo_label="Put the tag back"),
    Bulk("move", "Move to a section", "Moved", move, section_of, "section", foresee_move, undo="move"),
    Bulk("spike", "Spike", "Spiked", turning("spike"), foresee=foresee_spike, undo="unspike", undo_label="Back to the drafts"),
    Bulk("unspike", "Take off the spike", "Back among the drafts:", turning("unspike"), undo="spike", undo_label="Spike again"),
)
BY_NAME = {action.name: action for action in ACTIONS}


def chosen(ids: Iterable[int]) -> list[Article]:
    """The articles of these ids, at most as many as may be at once."""
    wanted = list(dict.fromkeys(ids))[:MOST]
    rows = select(Article).where(Article.id.in_(wanted)).options(defer(Article.body), joinedload(Article.section)).order_by(Article.id)
    return list(db.session.scalars(rows))


def foreseen(action: Bulk, ids: Iterable[int], value: Any, person: Person, at: datetime) -> Foreseen:
    """What the action would do to each, without doing it."""
    coming: list[tuple[Article, str]] = []
    left: list[Left] = []
    for article in chosen(ids):
        try:
            if article.state == TAKEN_DOWN:
                raise NotDone("It was taken down.")
            assert action.foresee is not None
            coming.append((article, action.foresee(article, value, person, at)))
        except NotDone as error:
            left.append(Left(article.headline, str(error)))
    return Foreseen(coming, left)


def undos(action: Bulk, was: dict[int, Section], value: str) -> list[Undo]:
    """What takes the action back, from the section that each article had: one button, or for a move one for each section."""
    if action.name != "move":
        return [Undo(action.undo_label, action.undo, list(was), value)] if was else []
    homes = {section.id: section.name for section in was.values()}
    return [Undo(f"Back to {name}", "move", [each for each in was if was[each].id == home], str(home)) for home, name in homes.items()]


def do(action: Bulk, article: Article, value: Any, person: Person, at: datetime) -> None:
    """Do it to one article, in the open transaction. Raises NotDone."""
    if action.foresee:
        action.foresee(article, value, person, at)  # it may have changed since somebody looked
    touched = article.touches()
    action.act(article, value, person, at)
    article.updated_at = at
    db.session.flush()
    changed = writing.load(article.id)
    touch(*touched, *(changed.touches() if changed else ()))
