"""Turning an article: its state and the row that says who did it and when, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from newsapp.changes import touch
from newsapp.database import db
from newsapp.desk import beside
from newsapp.front import models as front
from newsapp.news.models import APPROVED, LIVE, Article
from newsapp.news.paper import paper
from newsapp.publishing.actions import BY_NAME
from newsapp.publishing.approval import Person, allow, needs_approval
from newsapp.publishing.models import ArticleTurn, PreviewLink

SHOWN = 30  # turns that the form lists
WORDS = ("headline", "list_headline", "kicker", "standfirst", "body", "caption")  # what an approval is about


class WrongState(Exception):
    """The article is not in a state from which that can be done; the message says so."""


def turn(article: Article, name: str, person: Person, at: datetime, note: str = "", planned_for: datetime | None = None) -> None:
    """Do one of ACTIONS in the open transaction. Raises WrongState or NotApproved."""
    action = BY_NAME[name]
    if article.state not in action.sources:
        raise WrongState(f"That cannot be done with a story that is {article.state.replace('_', ' ')}.")
    allow(action, article.state, person, paper(), askers(article.id) if name == "approve" else ())
    if action.to:
        article.state = action.to
        article.updated_at = at
    record(article, name, person.email, at, note, planned_for)
    touch(*article.touches())


def record(article: Article, name: str, editor: str, at: datetime, note: str = "", planned_for: datetime | None = None) -> None:
    """Note what was done, without doing it."""
    db.session.add(ArticleTurn(article_id=article.id, action=name, editor=editor, at=at, note=note, planned_for=planned_for))


def askers(article_id: int) -> set[str]:
    """Whose words wait for approval: who asked for the review, and who changed it after one."""
    query = select(ArticleTurn.editor).where(ArticleTurn.article_id == article_id, ArticleTurn.action.in_(("ask_review", "lapse")))
    last_back = select(func.max(ArticleTurn.id)).where(ArticleTurn.article_id == article_id, ArticleTurn.action == "send_back").scalar_subquery()
    return set(db.session.scalars(query.where(ArticleTurn.id > func.coalesce(last_back, 0))))


# What the desk asks for


def publish(article: Article, person: Person, at: datetime) -> None:
    """Let readers see it: now, or when the time typed for it comes."""
    article.published_at = article.published_at or at
    was_live = article.state == LIVE
    if article.published_at > at:
        turn(article, "embargo", person, at, planned_for=article.published_at)
    elif not was_live:
        turn(article, "publish", person, at)


def take_down(article: Article, person: Person, at: datetime) -> None:
    """Gone for good: readers are told so, the text is not kept, and no preview of it opens."""
    turn(article, "take_down", person, at)
    article.body = article.standfirst = article.caption = article.kicker = ""
    article.picture = None
    article.guests = ""
    front.take_off([article.id])
    beside.forget(article)
    for link in db.session.scalars(select(PreviewLink).where(PreviewLink.article_id == article.id)):
        db.session.delete(link)


def words_of(article: Article) -> tuple[Any, ...]:
    return tuple(getattr(article, name) for name in WORDS)


def follow_save(article: Article, before: dict[str, Any], person: Person, at: datetime) -> None:
    """Note what a save changed besides the words, and let an approval lapse whose words are others now."""
    if article.state == APPROVED and before["words"] != words_of(article) and needs_approval(person, paper()):
        turn(article, "lapse", person, at)
    if before["expires_at"] != article.expires_at:
        turn(article, "set_end" if article.expires_at else "remove_end", person, at, planned_for=article.expires_at)
    if before["published_at"] != article.published_at and article.is_embargoed(at):
        turn(article, "embargo", person, at, planned_for=article.published_at)


def standing(article: Article | None) -> dict[str, Any]:
    """What follow_save compares with; taken before the save."""
    if article is None or article.id is None:
        return {"words": (), "expires_at": None, "published_at": None}
    return {"words": words_of(article), "expires_at": article.expires_at, "published_at": article.published_at}


# What is asked of the history


def history(article_id: int) -> list[ArticleTurn]:
    """The turns of an article, the newest first."""
    query = select(ArticleTurn).where(ArticleTurn.article_id == article_id).order_by(ArticleTurn.id.desc())
    return list(db.session.scalars(query.limit(SHOWN)))


def latest(article_ids: Iterable[int]) -> dict[int, ArticleTurn]:
    """The last turn of each of these articles."""
    newest = select(func.max(ArticleTurn.id)).where(ArticleTurn.article_id.in_(list(article_ids))).group_by(ArticleTurn.article_id)
    return {turn.article_id: turn for turn in db.session.scalars(select(ArticleTurn).where(ArticleTurn.id.in_(newest)))}
