"""FILTERS: what editors ask of the list of articles besides a shelf; every filled one holds for each article shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from newsapp.news.models import STATES, Article, ArticleAuthor, ArticleTag, Author, Tag
from newsapp.news.words import tidy
from newsapp.search.index import has_words

LONGEST = 200  # letters of one filter


class NotAFilter(ValueError):
    """What was typed can hold for no article; the message says what to type instead."""


@dataclass(frozen=True)
class Filter:
    """One question. `holds` makes its condition of what was typed, in the paper's zone. Raises NotAFilter."""

    name: str
    label: str
    kind: str  # of its field: "search", "section", "tags", "authors", "date"
    holds: Callable[[str, ZoneInfo], ColumnElement[bool]]


def words(asked: str, zone: ZoneInfo) -> ColumnElement[bool]:
    return has_words(asked)


def section(number: str, zone: ZoneInfo) -> ColumnElement[bool]:
    if not number.isdigit():
        raise NotAFilter("Choose a section of the list.")
    return Article.section_id == int(number[:9])


def tied(model: type[Any], tie: type[Any], column: str, one: str) -> Callable[[str, ZoneInfo], ColumnElement[bool]]:
    """Of that tag or by that author: by the whole name, however it is written, or by its address."""

    def holds(name: str, zone: ZoneInfo) -> ColumnElement[bool]:
        ids = select(model.id).where(or_(func.lower(model.name) == name.lower(), model.slug == name))
        return Article.id.in_(select(tie.article_id).where(getattr(tie, column).in_(ids)))

    return holds


def since(day: str, zone: ZoneInfo) -> ColumnElement[bool]:
    moment = beginning(day, zone)
    return dated(Article.published_at >= moment, Article.updated_at >= moment)


def until(day: str, zone: ZoneInfo) -> ColumnElement[bool]:
    """That day included."""
    moment = beginning(day, zone, timedelta(days=1))
    return dated(Article.published_at < moment, Article.updated_at < moment)


def dated(out: ColumnElement[bool], saved: ColumnElement[bool]) -> ColumnElement[bool]:
    """By the date that the list shows: when it went or goes out; of what has none, when it was saved. In a form that the index of states answers."""
    in_index = Article.state.in_(STATES)
    return or_(and_(in_index, out), and_(in_index, Article.published_at.is_(None), saved))


def beginning(day: str, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime:
    """When a day begins by the paper's clock."""
    try:
        return datetime.combine(date.fromisoformat(day) + later, time(0), zone)
    except (ValueError, OverflowError):
        raise NotAFilter("A day like 2026-11-25.") from None


FILTERS = (
    Filter("q", "Words", "search", words),
    Filter("section", "Section", "section", section),
    Filter("author", "By", "authors", tied(Author, ArticleAuthor, "author_id", "author")),
    Filter("tag", "Tag", "tags", tied(Tag, ArticleTag, "tag_id", "tag")),
    Filter("since", "From", "date", since),
    Filter("until", "To", "date", until),
)


@dataclass(frozen=True)
class Asked:
    """What is asked of the list: typed values by filter, and what is wrong with some."""

    values: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)
    condition: ColumnElement[bool] = field(default_factory=true)

    def __bool__(self) -> bool:
        return bool(self.values)

    @property
    def refines(self) -> bool:
        """Whether more than words is asked for."""
        return bool(self.values.keys() - {"q"})


def asked_of(arguments: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """What an address asks. A value that cannot be is told beside its field, and then nothing is found."""
    values = {each.name: typed for each in FILTERS if (typed := tidy(arguments.get(each.name))[:LONGEST])}
    wrong: dict[str, str] = {}
    conditions: list[ColumnElement[bool]] = []
    for each in FILTERS:
        if each.name in values:
            try:
                conditions.append(each.holds(values[each.name], zone))
            except NotAFilter as refused:
                wrong[each.name] = str(refused)
                conditions.append(false())
    return Asked(values, wrong, and_(true(), *conditions))


def query_of(shelf: str, values: Mapping[str, str]) -> str:
    """The list's part of the address, the same for the same list."""
    named = {"state": shelf} if shelf != "all" else {}
    return urlencode({**named, **{each.name: values[each.name] for each in FILTERS if values.get(each.name)}})
