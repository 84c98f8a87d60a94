"""The lists: exact for every window, scope and filter, at a cost that does not grow with the archive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from newsapp.database import db, now, write_unit
from newsapp.news.models import LIVE, Article
from newsapp.traffic import busiest, ranking, rows, thresholds
from newsapp.traffic.asked import ORDERS, PUBLISHED, Asked, named
from newsapp.traffic.models import article_view_sums, trend_state
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import BY_SLUG, KEPT, WINDOWS
from tests.newsroom import Newsroom

DAY, MONTH, ALL, TREND = (BY_SLUG[slug] for slug in ("day", "month", "all", "trend"))


def slugs(asked: Asked) -> list[str]:
    return [item["path"].rpartition("/")[2] for item in ranking.build(asked)["items"]]


def archive(newsroom: Newsroom, stories: int = 400, days: float = 0.5) -> None:
    """Old stories, a few with many views and many with few; every eighth of the section diplomacy, the rest of world."""
    world, diplomacy = (section_id(newsroom, slug) for slug in ("harbour-fire", "treaty-signed"))
    first = 1000
    with write_unit() as sql:
        for n in range(stories):
            section = diplomacy if n % 8 == 0 else world
            fields = {"slug": f"old-{n}", "headline": f"Old {n}", "state": LIVE, "published_at": now() - timedelta(days=days * n + 1)}
            sql.execute(insert(Article).values(id=first + n, section_id=section, **fields))
            views = 4000 // (n + 1) + 1
            sums = {"v24h": views, "v7d": views * 2, "v30d": views * 3, "vall": views * 5, "trend": views * 1.5}
            sql.execute(insert(article_view_sums).values(article_id=first + n, section_id=section, **sums))


def section_id(newsroom: Newsroom, slug: str) -> int:
    with db.engine.connect() as sql:
        return int(sql.scalar(text("SELECT section_id FROM article WHERE id = :id"), {"id": newsroom.articles[slug]}) or 0)


def every_list(newsroom: Newsroom) -> list[Asked]:
    scopes = ("site", f"section-{section_id(newsroom, 'harbour-fire')}", f"section-{section_id(newsroom, 'treaty-signed')}", "language-en")
    return [
        Asked(scope, window, published, order)
        for scope in scopes for window in WINDOWS for published in ("", *PUBLISHED) for order in ORDERS
        if order == "views" or window.has_average
    ]  # fmt: skip


def items_of(lists: list[Asked], at: datetime) -> dict[str, Any]:
    with db.engine.connect() as sql:
        press = ranking.Press(sql, at)
        return {asked.name: press.make(asked)["items"] for asked in lists}


@pytest.fixture
def small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A paper of a few hundred stories is large, where the limits are those of a hamlet."""
    monkeypatch.setattr(ranking, "LENGTH", 10)
    monkeypatch.setattr(busiest, "FIRST", 15)
    monkeypatch.setattr(rows, "FEW", 20)
    for name, value in (("SMALL", 100), ("INDEXED", 60), ("MOST_INDEXED", 150), ("IN_A_SECTION", 20)):
        monkeypatch.setattr(thresholds, name, value)


def test_a_view_is_a_point_now_and_half_a_point_after_the_half_life(newsroom: Newsroom) -> None:
    hour = hour_of(now())
    with write_unit() as sql:
        sql.execute(insert(trend_state), [
            {"since_hour": hour - 100, "log_weight": 3.0, "half_life": 24}, {"since_hour": hour - 12, "log_weight": 4.0, "half_life": 6},
        ])  # fmt: skip
        weight = {hours: 2.0 ** (4.0 + (12 - hours) / 6) for hours in (0, 6, 12)}
        for slug, value in (("harbour-fire", 8 * weight[12]), ("court-ruling", 3 * weight[0]), ("night-ferry", 5 * weight[6])):
            sql.execute(insert(article_view_sums).values(article_id=newsroom.articles[slug], section_id=1, trend=value))
    items = ranking.build(Asked("site", TREND))["items"]
    assert [(item["headline"], item["score"]) for item in items] == [("Court ruling", 3.0), ("Night ferry", 2.5), ("Harbour fire", 2.0)]
    assert "views" not in items[0]


def test_the_name_of_a_list_says_which_it_is(newsroom: Newsroom) -> None:
    lists = every_list(newsroom)
    assert [named(asked.name) for asked in lists] == lists
    assert len({asked.name for asked in lists}) == len(lists)
    assert Asked("site", DAY).name == "list:site:day"
    assert Asked("tag-5", MONTH, "week", "average").name == "list:tag-5:month:within-week:average"


def test_thresholds_change_no_list(newsroom: Newsroom, small_numbers: None) -> None:
    archive(newsroom)
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    lists = every_list(newsroom)
    at = now()
    before = items_of(lists, at)
    assert thresholds.reset() == len(KEPT)
    with db.engine.connect() as sql:
        moved = thresholds.thresholds(sql)
    assert all(moved[window.slug] > 0 for window in KEPT)
    assert items_of(lists, at) == before
    assert thresholds.reset() == 0
    if db.engine.dialect.name == "postgresql":  # and the database knows at once what it holds
        with db.engine.connect() as sql:
            assert sql.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'article_view_sums'::regclass")) > 0


def test_a_reset_leaves_two_indexes_of_each_window_and_a_killed_one_none_too_many(newsroom: Newsroom, small_numbers: None) -> None:
    archive(newsroom)
    thresholds.make_index(DAY, (), 3)  # by a run that was killed before it told anybody
    thresholds.reset()
    names = [name for name in thresholds.indexes() if name.startswith("ix_sums")]
    assert len(names) == 2 * len(KEPT)
    assert "ix_sums_v24h_from_3" not in names
    assert not [name for name in names if "_from_" not in name]


def test_a_paper_that_has_become_small_gets_its_first_indexes_back(newsroom: Newsroom, small_numbers: None) -> None:
    first = sorted(thresholds.indexes())
    archive(newsroom)
    thresholds.reset()
    with write_unit() as sql:
        sql.execute(text("DELETE FROM article_view_sums WHERE article_id > 1050"))
    assert thresholds.reset() == len(KEPT)
    assert sorted(thresholds.indexes()) == first


def test_a_small_paper_keeps_the_indexes_it_was_born_with(newsroom: Newsroom) -> None:
    archive(newsroom)
    before = thresholds.indexes()
    assert thresholds.reset() == 0
    assert thresholds.indexes() == before


def plan_of(query: Any) -> list[str]:
    """How the database goes about a query, step by step."""
    values = {"of": 1, "length": 10, "few": 10, "bucket": 1, "now": now(), "since": now()}
    postgresql = db.engine.dialect.name == "postgresql"
    explain = text(f"EXPLAIN {'' if postgresql else 'QUERY PLAN '}{query.text}")
    explain = explain.bindparams(*(moment for moment in rows.MOMENTS if f":{moment.key}" in query.text))
    with db.engine.connect() as sql:
        if postgresql:  # tables of a test are too small for an index to be worth anything
            sql.execute(text("SET LOCAL enable_seqscan = off"))
            sql.execute(text("SET LOCAL enable_bitmapscan = off"))
            return [row[0] for row in sql.execute(explain, values)]
        return [row[3] for row in sql.execute(explain, values)]


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
def test_every_list_begins_at_what_was_viewed(newsroom: Newsroom, small_numbers: None, is_large: bool) -> None:
    archive(newsroom)
    if is_large:
        thresholds.reset()
    with db.engine.connect() as sql:
        stand = thresholds.thresholds(sql)
    for window in KEPT:
        for kind in rows.SCOPES:
            threshold = stand.get(window.slug, 0)
            plan = plan_of(rows.walk_query(kind, window, threshold))
            names = [thresholds.index_name(window, ("section_id",) if kind == "section" else (), threshold)]
            if db.engine.dialect.name == "postgresql" and is_large:  # which knows by then that so few rows are walked as well in the site's order
                names.append(thresholds.index_name(window, (), threshold))
            if db.engine.dialect.name == "postgresql" and kind in ("tag", "author"):
                continue  # its planner begins with the tag where that is shorter
            assert [step for step in plan for name in names if f" {name} " in f"{step} "], (kind, window.slug, plan)
            if db.engine.dialect.name == "sqlite":
                assert not [step for step in plan if "TEMP B-TREE" in step], (kind, window.slug, plan)


def test_the_last_hour_begins_at_its_own_rows(newsroom: Newsroom) -> None:
    for kind in rows.SCOPES:
        plan = " ".join(plan_of(rows.walk_query(kind, BY_SLUG["hour"], 0)))
        assert "article_views_5min" in plan
        assert "SCAN article" not in plan.replace("SCAN article_views_5min", "")


def test_few_stories_are_looked_up_one_by_one(newsroom: Newsroom) -> None:
    """SQLite's planner, left alone, may begin with the sums, of which an archive has a million."""
    if db.engine.dialect.name == "postgresql":
        return
    for window in KEPT:
        for kind in rows.SCOPES:
            for query in (rows.young_query(kind, window), *([rows.scope_query(kind, window)] if kind != "site" else [])):
                plan = plan_of(query)
                assert [step for step in plan if step.startswith("SEARCH v USING INTEGER PRIMARY KEY")], plan
                assert not [step for step in plan if step.startswith("SCAN")], plan
    for query in (*map(rows.number_query, ("tag", "author", "language")), *map(rows.young_number_query, (True, False))):
        assert not [step for step in plan_of(query) if step.startswith("SCAN a")], plan_of(query)
