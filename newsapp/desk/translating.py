"""Which story one is a translation of: found by number or address, checked, and noted for all that belong together."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import defer

from newsapp.changes import touch
from newsapp.database import db
from newsapp.news import translations
from newsapp.news.models import TAKEN_DOWN, Article


class NoTranslation(ValueError):
    """The story cannot be a translation of that one; the message says why."""


def first_for(typed: str, article_id: int | None, language: str, paper: str) -> int | None:
    """The number of the story that is translated, when one in this language can be told to be a translation of what was typed.

    None for nothing typed. Raises NoTranslation, of a story's own translations too.
    """
    own = list(of_numbers([article_id])) if article_id else []
    if not typed.strip():
        refuse_twice([each for each in own if each.id != article_id], language, paper)
        return None
    named = found(typed, article_id)
    first = translations.first_of(named)
    if first == article_id:  # what was named is a translation of this one already
        raise NoTranslation("That story is a translation of this one already. Leave this empty; it names this one.")
    together = {each.id: each for each in (*own, *of_numbers([first, named.id])) if each.id != article_id}
    refuse_twice(together.values(), language, paper)
    return first


def found(typed: str, article_id: int | None) -> Article:
    """The story of a number or an address. Raises NoTranslation."""
    text = typed.strip()
    which = Article.id == int(text) if is_number(text) else Article.slug == unquote(urlsplit(text).path).rstrip("/").rpartition("/")[2]
    article = db.session.scalar(select(Article).where(which).options(defer(Article.body)))
    if article is None:
        raise NoTranslation("No story has that number or address.")
    if article.id == article_id:
        raise NoTranslation("A story is no translation of itself.")
    if article.state == TAKEN_DOWN:
        raise NoTranslation("That story was taken down.")
    return article


def is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def of_numbers(numbers: Iterable[int]) -> list[Article]:
    """These stories and their translations, but those taken down."""
    wanted = list(numbers)
    query = select(Article).where(Article.id.in_(wanted) | Article.translation_of_id.in_(wanted), Article.state != TAKEN_DOWN)
    return list(db.session.scalars(query.options(defer(Article.body))))


def refuse_twice(others: Iterable[Article], language: str, paper: str) -> None:
    """Each language once. Raises NoTranslation."""
    taken = {(language or paper).lower(): ""}
    for each in others:
        tag = translations.language_of(each, paper)
        if tag.lower() in taken:
            who = f"“{taken[tag.lower()]}”" if taken[tag.lower()] else "this story"
            raise NoTranslation(f"“{each.headline}” is in {translations.own_name(tag)}, as {who}. Say first in Language which is in another one.")
        taken[tag.lower()] = each.headline


def write(article: Article, typed: str) -> None:
    """Note which story it translates, in the open transaction; its own translations come along. What is no number changes nothing."""
    first = None if not typed else int(typed) if is_number(typed) else article.translation_of_id
    if first == article.translation_of_id:
        return
    touched = translations.names(article)
    article.translation_of_id = first
    if first:
        along = update(Article).where(Article.translation_of_id == article.id).values(translation_of_id=first)
        db.session.execute(along, execution_options={"synchronize_session": "fetch"})
    db.session.flush()
    touch(*touched, *translations.names(article))
