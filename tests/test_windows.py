"""Views leave a window when their hour does, exactly once, however late anybody looks."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text

from newsapp import changes
from newsapp.database import db, now, writes
from newsapp.traffic.installation import WrongInstallation
from newsapp.traffic.sums import drop_old_buckets, expire_hour, expire_windows, hour_of, merge_days, merge_ledger
from newsapp.traffic.windows import BY_SLUG, EXPIRING
from tests.newsroom import Newsroom

pytestmark = pytest.mark.slow

HOUR, DAY, WEEK, MONTH, ALL = (BY_SLUG[slug] for slug in ("hour", "day", "week", "month", "all"))


def shown(newsroom: Newsroom, slug: str = "harbour-fire") -> list[int]:
    return [newsroom.views(slug, window) for window in (HOUR, DAY, WEEK, MONTH, ALL)]


def test_old_views_stand_only_in_the_windows_that_reach_them(newsroom: Newsroom) -> None:
    newsroom.read_earlier("harbour-fire", hours=24 * 20, readers=8)
    newsroom.read_earlier("harbour-fire", hours=24 * 3, readers=4)
    newsroom.read_earlier("harbour-fire", hours=5, readers=2)
    newsroom.read_earlier("harbour-fire", hours=0.02, readers=1)
    newsroom.count()
    assert shown(newsroom) == [1, 3, 7, 15, 15]


@pytest.mark.parametrize(("later", "expected"), [(25, [0, 0, 3, 3, 3]), (24 * 8, [0, 0, 0, 3, 3]), (24 * 31, [0, 0, 0, 0, 3])])
def test_views_leave_each_window_when_its_span_is_over(newsroom: Newsroom, later: int, expected: list[int]) -> None:
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    with time_machine.travel(time.time() + later * 3600, tick=True):
        expire_windows(now())
        assert shown(newsroom) == expected


def test_an_hour_leaves_once_even_if_two_workers_expire_it(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=3)
    newsroom.count()
    at = now() + timedelta(hours=24)
    expire_windows(at)
    assert [expire_hour(window, hour_of(at) - (window.hours or 0)) for window in EXPIRING] == [False] * len(EXPIRING)
    assert newsroom.views("harbour-fire", DAY) == 0


def test_a_view_counted_after_its_hour_left_a_window_does_not_enter_it(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire", readers=2)
    expire_windows(now() + timedelta(hours=30))
    newsroom.count()
    assert newsroom.views("harbour-fire", DAY) == 0
    assert newsroom.views("harbour-fire", WEEK) == 2


def test_the_sums_agree_with_a_recount_of_the_rollups(newsroom: Newsroom) -> None:
    for hours in (24 * 29, 24 * 6, 23, 3, 0.1):
        newsroom.read_earlier("harbour-fire", hours=hours, readers=3)
        newsroom.read_earlier("night-ferry", hours=hours, readers=1)
    newsroom.count()
    later = now() + timedelta(hours=7)
    expire_windows(later)
    with db.engine.connect() as sql:
        for window in EXPIRING:
            recount = text("SELECT article_id, SUM(views) FROM article_views_hourly WHERE hour > :last GROUP BY article_id ORDER BY 1")
            expected = sql.execute(recount, {"last": hour_of(later) - window.hours}).all()
            kept = sql.execute(text(f"SELECT article_id, {window.column} FROM article_view_sums WHERE {window.column} > 0 ORDER BY 1")).all()
            assert [tuple(map(int, row)) for row in kept] == [tuple(map(int, row)) for row in expected]


def test_old_hours_become_days_and_the_books_still_balance(newsroom: Newsroom) -> None:
    newsroom.read_earlier("harbour-fire", hours=24 * 20, readers=5)
    newsroom.count()
    before = newsroom.ledger()
    at = now() + timedelta(days=60)
    expire_windows(at)
    assert merge_days(at) == 1
    assert merge_days(at) == 0
    with db.engine.connect() as sql:
        assert sql.scalar(text("SELECT SUM(views) FROM article_views_daily")) == 5
        assert sql.scalar(text("SELECT COUNT(*) FROM article_views_hourly")) == 0
    assert newsroom.ledger() == before
    assert newsroom.views("harbour-fire", ALL) == 5


def test_five_minute_rollups_are_kept_three_hours(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire")
    newsroom.count()
    drop_old_buckets(now() + timedelta(hours=2))
    assert newsroom.views("harbour-fire", HOUR) == 1
    drop_old_buckets(now() + timedelta(hours=4))
    assert newsroom.views("harbour-fire", HOUR) == 0


def test_of_equals_the_newer_story_leads(newsroom: Newsroom) -> None:
    for slug in newsroom.articles:
        newsroom.read(slug)
    newsroom.count()
    assert newsroom.most_viewed(DAY) == list(reversed(newsroom.articles))


def test_an_old_ledger_is_kept_by_the_day_and_sums_to_the_same(newsroom: Newsroom) -> None:
    for hours in (24 * 3 + 5, 24 * 3 + 1, 24 * 2):
        newsroom.read_earlier("treaty-signed", hours=hours, readers=2)
    newsroom.spike("treaty-signed")
    newsroom.count()
    before = newsroom.ledger()
    assert before["filtered"] == {"unknown_article": 6}
    merge_ledger(now() + timedelta(days=60))
    assert newsroom.ledger() == before
    with db.engine.connect() as sql:
        assert sql.scalars(text("SELECT hour % 24 FROM view_ledger")).all() in ([0, 0], [0, 0, 0])


def test_told_changes_are_forgotten_after_a_week_but_the_newest(newsroom: Newsroom) -> None:
    with writes():
        db.session.rollback()
        for _ in range(3):
            changes.touch("front")
            db.session.commit()
    changes.tell(newsroom.connection)
    changes.forget(now() + timedelta(days=6))
    assert db.session.query(changes.Change).count() == 3
    changes.forget(now() + timedelta(days=8))
    db.session.rollback()
    assert db.session.query(changes.Change).count() == 1


def test_a_copy_of_the_database_does_not_fill_or_eat_anothers_inbox(newsroom: Newsroom) -> None:
    newsroom.read("harbour-fire")
    newsroom.count()
    newsroom.connection.set("news:installation", "production")
    with pytest.raises(WrongInstallation, match="REDIS_URL"):
        newsroom.count()
    for work in newsroom.memory.each_second:
        work(newsroom.connection)
    added = newsroom.connection.xinfo_stream("{0}views")["entries-added"]
    newsroom.read("harbour-fire", readers=2)
    assert newsroom.connection.xinfo_stream("{0}views")["entries-added"] == added
