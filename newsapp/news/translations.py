"""One story in several languages: each article that is a translation names the first one of them, and so they all find each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from babel import Locale, UnknownLocaleError
from markupsafe import Markup
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased, defer, joinedload, with_expression
from sqlalchemy.orm.interfaces import ORMOption

from newsapp import languages
from newsapp.database import db
from newsapp.news.models import SITEMAP_CHUNK, Article, article_path

X_DEFAULT = "x-default"  # where search engines send readers of all other languages


class Alternate(NamedTuple):
    """One of a story's addresses, for readers of a language."""

    tag: str
    path: str


def first_of(article: Article) -> int:
    """The number of the story that the others are translations of. The number stays when that story is gone."""
    return article.translation_of_id or article.id


def in_group(number: int) -> ColumnElement[bool]:
    """The story of that number and its translations."""
    return or_(Article.id == number, Article.translation_of_id == number)


def asked() -> ORMOption:
    """Have a query say of an article whether it has translations."""
    other = aliased(Article)
    return with_expression(Article.is_translated, exists().where(other.translation_of_id == Article.id))


def group_of(article: Article) -> int:
    """The number of the story that this one and others are translations of; 0 where nobody need look for others."""
    return first_of(article) if article.translation_of_id or article.is_translated else 0


def among(article: Article, found: Sequence[Article]) -> list[Article]:
    """Those of some articles that are the same story in other languages."""
    first = first_of(article)
    return sorted((each for each in found if each.id != article.id and first in (each.id, each.translation_of_id)), key=lambda each: each.id)


def others_of(article: Article) -> list[Article]:
    """The same story in other languages, in any state."""
    query = select(Article).where(in_group(first_of(article)), Article.id != article.id).order_by(Article.id)
    return list(db.session.scalars(query.options(defer(Article.body), joinedload(Article.section))))


def language_of(article: Article, paper: str) -> str:
    return article.language or paper


def readable(article: Article, others: Sequence[Article], at: datetime, paper: str) -> list[Article]:
    """Those that readers can see now, one for each other language."""
    found: dict[str, Article] = {}
    for each in others:
        if each.is_live(at):
            found.setdefault(language_of(each, paper).lower(), each)
    found.pop(language_of(article, paper).lower(), None)
    return list(found.values())


def alternates(article: Article, others: Sequence[Article], paper: str) -> list[Alternate]:
    """What search engines are told of a story, itself included; nothing of a story that has no other, or may not be listed."""
    listed = [each for each in (article, *others) if each.robots != "noindex"]
    if article not in listed or len(listed) < 2:
        return []
    return with_default([Alternate(language_of(each, paper), article_path(each.section.slug, each.slug)) for each in listed], paper)


def with_default(found: list[Alternate], paper: str) -> list[Alternate]:
    """The one in the paper's language is for readers of all others, too."""
    own = [Alternate(X_DEFAULT, each.path) for each in found if each.tag.lower() == paper.lower()]
    return [*found, *own[:1]]


def links(others: Sequence[Article], paper: str) -> Markup:
    """Links to them, each by its language's own name for itself."""
    one = Markup('<a href="{}" rel="alternate" hreflang="{}" lang="{}" dir="{}">{}</a>')
    made = [
        one.format(article_path(each.section.slug, each.slug), tag, tag, languages.direction(tag) or "auto", own_name(tag))
        for each in others
        for tag in (language_of(each, paper),)
    ]
    return Markup(languages.pgettext("between names", ", ")).join(made)  # noqa: S704 - words of ours


def own_name(tag: str) -> str:
    """What a language calls itself; its tag when nobody knows."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return tag
    return locale.get_display_name(locale) or tag


def names(article: Article) -> set[str]:
    """The names of all that a change of who belongs together shows on."""
    numbers = {article.id, *db.session.scalars(select(Article.id).where(in_group(first_of(article))))}
    return {f"article:{number}" for number in numbers} | {chunk_of(number) for number in numbers}


def chunk_of(number: int) -> str:
    """The sitemap in which a story stands."""
    return f"sitemap:{(number - 1) // SITEMAP_CHUNK}"


def facts_of(article: Article, others: Sequence[Article], site_url: str, paper: str) -> dict[str, Any]:
    """schema.org's words for it: which story this one translates, and which translate this one."""
    told = [
        (each.id, {"@type": "NewsArticle", "@id": address, "url": address, "headline": each.headline[:110], "inLanguage": language_of(each, paper)})
        for each in others
        for address in (site_url + article_path(each.section.slug, each.slug),)
    ]
    if article.translation_of_id:
        return {"translationOfWork": next((fact for number, fact in told if number == article.translation_of_id), None)}
    return {"workTranslation": [fact for _, fact in told]}
