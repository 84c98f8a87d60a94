"""Every list is what counting all views again would give: any window, scope, date and order, small paper or large."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from newsapp.database import db, write_unit
from newsapp.news.models import LIVE, SPIKED, Article, ArticleAuthor, ArticleTag, Author, Tag
from newsapp.traffic import busiest, ranking, rows, thresholds
from newsapp.traffic.asked import AVERAGE, ORDERS, PUBLISHED, Asked
from newsapp.traffic.models import article_view_sums, article_views_5min, list_guard
from newsapp.traffic.windows import KEPT, WINDOWS, Window
from tests.newsroom import Newsroom

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
HOUR, FIVE = 3600, 300
SECTIONS = (1, 2, 3)
TABLES = ("article_tag", "article_author", "article_views_5min", "article_view_sums", "list_guard", "article")

story = st.fixed_dictionaries({
    "section_id": st.sampled_from(SECTIONS), "state": st.sampled_from((LIVE, LIVE, LIVE, SPIKED)), "language": st.sampled_from(("", "", "de")),
    "age": st.integers(-2, 400) | st.integers(-2, 40), "tagged": st.booleans(), "by": st.booleans(),
    "held_out": st.sampled_from((False,) * 5 + (True,)),
    "views": st.lists(st.tuples(st.integers(0, 1000) | st.integers(0, 2), st.integers(1, 4)), max_size=5),  # (hours ago, how many)
})  # fmt: skip


def in_window(window: Window, hours_ago: int) -> bool:
    return window.hours is None or hours_ago < window.hours


def worth(window: Window, views: list[tuple[int, int]]) -> float:
    """What all views of a story come to in a window; weighed, a view of six hours ago is half a point."""
    if window.weighed:
        return sum(number * 2.0 ** -(hours // 6) for hours, number in views)
    return sum(number for hours, number in views if in_window(window, hours))


def fill(stories: list[dict[str, Any]], cap: int, oldest: int) -> None:
    """Put a paper into the tables, its sums as counting leaves them."""
    here = int(AT.timestamp())
    with write_unit() as sql:
        for table in TABLES:
            sql.execute(text(f"DELETE FROM {table}"))
        sql.execute(text("DELETE FROM setting"))
        for name, value in (("most_viewed_per_section", cap), ("most_viewed_max_age", oldest)):
            sql.execute(text("INSERT INTO setting (scope, name, value, editor, at) VALUES ('site', :name, :value, 'x', :at)"),
                        {"name": name, "value": str(value), "at": AT.replace(tzinfo=None)})  # fmt: skip
        for number, each in enumerate(stories, 1):
            published = AT - timedelta(days=each["age"], hours=1)
            own = {name: each[name] for name in ("section_id", "state", "language")}
            sql.execute(insert(Article).values(id=number, slug=f"s{number}", headline=f"S {number}", published_at=published, **own))
            if each["tagged"]:
                sql.execute(insert(ArticleTag).values(article_id=number, tag_id=1))
            if each["by"]:
                sql.execute(insert(ArticleAuthor).values(article_id=number, author_id=1, position=0))
            if each["held_out"]:
                sql.execute(insert(list_guard).values(article_id=number, action="hold_out", until=here + 9999, at=here))
            if hour := worth(WINDOWS[0], each["views"]):
                sql.execute(insert(article_views_5min).values(bucket=here // FIVE, article_id=number, views=hour))
            sums = {str(window.column): worth(window, each["views"]) for window in KEPT}
            sql.execute(insert(article_view_sums).values(article_id=number, section_id=each["section_id"], **sums))


def stands_in(asked: Asked, each: dict[str, Any], oldest: int) -> bool:
    """Whether readers may find a story in a list, by the words of the rules."""
    published = AT - timedelta(days=each["age"], hours=1)
    young = not asked.published or published > AT - PUBLISHED[asked.published]
    fresh = not oldest or published > AT - timedelta(days=oldest)
    ours = {
        "site": True, "section": each["section_id"] == asked.of, "tag": each["tagged"], "author": each["by"],
        "language": (each["language"] or "en") == asked.of,
    }  # fmt: skip
    return each["state"] == LIVE and published <= AT and young and fresh and ours[asked.kind] and not each["held_out"]


def recount(asked: Asked, stories: list[dict[str, Any]], cap: int, oldest: int, length: int) -> list[int]:
    """The list by looking at every view of every story."""
    ranked = []
    for number, each in enumerate(stories, 1):
        views = worth(asked.window, each["views"])
        days = 1.0
        if asked.order == AVERAGE:
            begins = datetime.fromtimestamp((int(AT.timestamp()) // HOUR - (asked.window.hours or 0) + 1) * HOUR, UTC)
            online = AT - (AT - timedelta(days=each["age"], hours=1))
            days = max(1.0, (online if asked.window.hours is None else min(online, AT - begins)) / timedelta(days=1))
        if views > 0 and stands_in(asked, each, oldest):
            ranked.append((views / days, number, each["section_id"]))
    ranked.sort(reverse=True)
    taken = {section: itertools.count() for section in SECTIONS}
    kept = [number for _, number, section in ranked if not (asked.scope == "site" and cap) or next(taken[section]) < cap]
    return kept[:length]


LISTS = [
    Asked(scope, window, published, order)
    for scope in ("site", "section-1", "section-2", "tag-1", "author-1", "language-de", "language-en")
    for window in WINDOWS for published in ("", *PUBLISHED) for order in ORDERS if order != AVERAGE or window.has_average
]  # fmt: skip


@pytest.mark.parametrize("few", [0, 6, 5000], ids=["walks", "either", "looks-up"])
def test_every_list_is_what_a_recount_gives(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    length = 5
    monkeypatch.setattr(ranking, "LENGTH", length)
    monkeypatch.setattr(busiest, "FIRST", 3)
    monkeypatch.setattr(rows, "FEW", few or 1)
    for name, value in (("SMALL", 8), ("INDEXED", 6), ("MOST_INDEXED", 12), ("IN_A_SECTION", 3)):
        monkeypatch.setattr(thresholds, name, value)
    with write_unit() as sql:
        sql.execute(insert(Tag).values(id=1, slug="t", name="T"))
        sql.execute(insert(Author).values(id=1, slug="a", name="A", bio=""))

    @settings(max_examples=12 if few else 25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(story, min_size=1, max_size=30), st.sampled_from((0, 0, 1, 2)), st.sampled_from((0, 0, 7, 90)), st.booleans())
    def agree(stories: list[dict[str, Any]], cap: int, oldest: int, is_large: bool) -> None:
        fill(stories, cap, oldest)
        if is_large:
            thresholds.reset()
        with db.engine.connect() as sql:
            press = ranking.Press(sql, AT)
            for asked in LISTS:
                found = [item["id"] for item in press.make(asked)["items"]]
                assert found == recount(asked, stories, cap, oldest, length), asked.name

    agree()


def test_an_average_finds_the_young_behind_all_the_old(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older a story here, the more views it has, and the fewer of them on a day: who stops early, finds only old ones."""
    monkeypatch.setattr(ranking, "LENGTH", 5)
    monkeypatch.setattr(busiest, "FIRST", 6)
    monkeypatch.setattr(rows, "FEW", 1)
    usual = {"section_id": 1, "state": LIVE, "language": "", "tagged": False, "by": False, "held_out": False}
    stories = [{**usual, "age": n * n, "views": [(min(n * n, 300) * 24, n + 3)]} for n in range(1, 31)]
    fill(stories, 0, 0)
    for window in (each for each in WINDOWS if each.has_average):
        asked = Asked("site", window, "", AVERAGE)
        with db.engine.connect() as sql:
            found = [item["id"] for item in ranking.Press(sql, AT).make(asked)["items"]]
        assert found == recount(asked, stories, 0, 0, 5), window.slug
