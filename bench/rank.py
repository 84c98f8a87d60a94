"""What the lists of Most Viewed cost in a large archive, and whether they are right.

Makes papers of several sizes, asks them for their lists in
rounds that take turns, and compares every list with a recount of all rows. Times are the processor's, so that
what else a machine does is left out. The last line is the summary; exit code 1 when a goal is missed.

    python bench/rank.py [--articles 10000,1000000] [--rows 100] [--folder /tmp]
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from flask import Flask  # noqa: E402
from sqlalchemy import text  # noqa: E402

from newsapp import create_app  # noqa: E402
from newsapp.config import load_config  # noqa: E402
from newsapp.database import db, now, write_unit  # noqa: E402
from newsapp.traffic import ranking, rows, thresholds  # noqa: E402
from newsapp.traffic.asked import AVERAGE, Asked  # noqa: E402
from newsapp.traffic.sums import ensure_windows, expire_hour, hour_of, through_hours  # noqa: E402
from newsapp.traffic.windows import BY_SLUG, EXPIRING, KEPT, SUMMED, WINDOWS, Window  # noqa: E402

SECTIONS, TAGS, AUTHORS = 20, 500, 300
HOURS = 90 * 24
ROUNDS = 5
SHOWN = 50  # lines of the longest list that readers see
HALF_LIFE = 6
GOALS = {"84 lists, ms": 10.0, "an hour leaves, ms": 400.0, "refresh, large / small": 2.0, "mismatches": 0.0}


@dataclass
class Paper:
    """An archive of so many articles, and the hour in which it is looked at."""

    articles: int
    rows: int
    app: Flask
    path: Path
    hour: int = field(default_factory=lambda: hour_of(now()))

    def driver(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA cache_size=-16000")
        return connection


def made(articles: int, rows_each: int, folder: Path) -> Paper:
    """A paper with articles, hourly rows and the sums of its windows."""
    home = folder / str(articles)
    home.mkdir()
    path = home / "newsapp.db"
    app = create_app(load_config({"NEWSAPP_HOME": str(home), "DATABASE_URL": f"sqlite:///{path}", "LOG_LEVEL": "ERROR"}), "work")
    with app.app_context():
        db.create_all()
        ensure_windows(now())
        db.engine.dispose()
    paper = Paper(articles, articles * rows_each, app, path)
    connection = paper.driver()
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    sections = write_articles(connection, articles)
    write_sums(connection, write_hours(connection, paper), sections)
    connection.execute(f"INSERT INTO trend_state VALUES ({paper.hour - HOURS}, 0, {HALF_LIFE})")
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("ANALYZE")
    connection.close()
    return paper


def write_articles(connection: sqlite3.Connection, articles: int) -> Any:
    """Ten years of stories in 20 sections. Returns the section of each."""
    dice = np.random.default_rng(1)
    sections = dice.integers(1, SECTIONS + 1, articles)
    ages = np.sort(dice.random(articles) * 3650)[::-1]
    today = now().replace(tzinfo=None)
    connection.executemany("INSERT INTO section (id, slug, name, description, position) VALUES (?, ?, ?, '', 1)",
                           [(n, f"section-{n}", f"Section {n}") for n in range(1, SECTIONS + 1)])  # fmt: skip
    connection.executemany("INSERT INTO tag (id, slug, name) VALUES (?, ?, ?)", [(n, f"tag-{n}", f"Tag {n}") for n in range(1, TAGS + 1)])
    authors = [(n, f"by-{n}", f"By {n}") for n in range(1, AUTHORS + 1)]
    connection.executemany("INSERT INTO author (id, slug, name, bio) VALUES (?, ?, ?, '')", authors)
    dates = "published_at, updated_at, created_at"
    columns = f"id, slug, headline, list_headline, kicker, standfirst, body, language, state, {dates}, section_id, caption, version"
    connection.executemany(
        f"INSERT INTO article ({columns}) VALUES (?, ?, ?, '', '', '', '', ?, 'live', ?, ?, ?, ?, '', 1)",
        (
            (n, f"story-{n}", f"What happened on the {n}th day of the story", "de" if n % 50 == 0 else "", str(then := today - timedelta(days=age)),
             str(then), str(then), section)
            for n, age, section in zip(range(1, articles + 1), ages.tolist(), sections.tolist(), strict=True)
        ),
    )  # fmt: skip
    tags = np.minimum(dice.zipf(1.3, articles), TAGS)
    connection.executemany("INSERT INTO article_tag VALUES (?, ?)", zip(range(1, articles + 1), tags.tolist(), strict=True))
    writers = dice.integers(1, AUTHORS + 1, articles)
    connection.executemany("INSERT INTO article_author VALUES (?, ?, 0)", zip(range(1, articles + 1), writers.tolist(), strict=True))
    return sections


def write_hours(connection: sqlite3.Connection, paper: Paper) -> dict[str, Any]:
    """Views by the hour: a few stories have most of them, and new ones more than old. Returns the sums of each window by article."""
    dice = np.random.default_rng(2)
    popular = np.cumsum(1 / np.arange(1, paper.articles + 1) ** 0.6)
    order = dice.permutation(paper.articles)
    sums = {str(window.column): np.zeros(paper.articles, float if window.weighed else np.int64) for window in KEPT}
    wanted = paper.rows // HOURS
    for hour in range(paper.hour - HOURS + 1, paper.hour + 1):
        drawn = order[np.searchsorted(popular, dice.random(int(wanted * 1.35)) * popular[-1])]
        articles, views = np.unique(drawn, return_counts=True)
        keep = np.sort(dice.permutation(len(articles))[:wanted])
        articles, views = articles[keep], views[keep]
        given = zip([hour] * len(articles), (articles + 1).tolist(), views.tolist(), views.tolist(), strict=True)
        connection.executemany("INSERT INTO article_views_hourly (hour, article_id, views, raw) VALUES (?, ?, ?, ?)", given)
        for window in KEPT:
            if window.weighed:
                sums["trend"][articles] += views * 2.0 ** ((hour - paper.hour + HOURS) / HALF_LIFE)
            elif window.hours is None or hour > paper.hour - window.hours:
                sums[str(window.column)][articles] += views
    return sums


def write_sums(connection: sqlite3.Connection, sums: dict[str, Any], sections: Any) -> None:
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'ix_sums%'").fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    columns = zip(range(1, len(sections) + 1), sections.tolist(), *(values.tolist() for values in sums.values()), strict=True)
    marks = ", ".join("?" * (2 + len(sums)))
    connection.executemany(f"INSERT INTO article_view_sums (article_id, section_id, {', '.join(sums)}) VALUES ({marks})", columns)
    for _, statement in indexes:
        connection.execute(statement)


# What is measured


def scopes() -> list[str]:
    return ["site", *(f"section-{number}" for number in range(1, SECTIONS + 1))]


def lists_of(paper: Paper) -> Callable[[], object]:
    """84 lists as the database gives them: the product's own statements, 4 windows, the site and 20 sections."""
    connection = paper.driver()
    with paper.app.app_context(), db.engine.connect() as sql:
        stand = thresholds.thresholds(sql)
    queries = [
        (rows.walk_query(asked.kind, window, stand.get(window.slug, 0)).text, {"of": asked.of, "length": SHOWN})
        for window in SUMMED for asked in (Asked(scope, window) for scope in scopes())
    ]  # fmt: skip
    return lambda: [connection.execute(query, values).fetchall() for query, values in queries]


def made_lists(paper: Paper, wanted: list[Asked]) -> Callable[[], list[dict[str, Any]]]:
    """Lists as they are published: with headlines, what is off the site left out, and what the guard says."""

    def make() -> list[dict[str, Any]]:
        with paper.app.app_context(), db.engine.connect() as sql:
            press = ranking.Press(sql, now())
            return [press.make(asked) for asked in wanted]

    return make


def grouped(paper: Paper, window: Window) -> Callable[[], object]:
    """One list the plain way: all rows of the window added up."""
    connection = paper.driver()
    query = "SELECT article_id, SUM(views) FROM article_views_hourly WHERE hour > ? GROUP BY article_id ORDER BY 2 DESC, 1 DESC LIMIT ?"
    return lambda: connection.execute(query, (paper.hour - (window.hours or HOURS), SHOWN)).fetchall()


def counted(paper: Paper) -> Callable[[], object]:
    """The sums of 100,000 views, as counting adds them; taken back, so that the next round finds the same."""
    dice = np.random.default_rng(3)
    popular = np.cumsum(1 / np.arange(1, paper.articles + 1) ** 0.6)
    drawn = np.random.default_rng(2).permutation(paper.articles)[np.searchsorted(popular, dice.random(100_000) * popular[-1])]
    articles, views = np.unique(drawn, return_counts=True)
    given = [(n, n, n, n, article) for article, n in zip((articles + 1).tolist(), views.tolist(), strict=True)]
    moved = ", ".join(f"{window.column} = {window.column} + ?" for window in SUMMED)
    connection = paper.driver()

    def add() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"UPDATE article_view_sums SET {moved} WHERE article_id = ?", given)
        connection.execute("ROLLBACK")

    return add


def expired(paper: Paper) -> Iterator[tuple[str, float]]:
    """What it costs that the fullest hour there is leaves the widest window, by the product's own step; taken back after."""
    widest = max(EXPIRING, key=lambda window: window.hours or 0)
    with paper.app.app_context():
        with db.engine.connect() as sql:
            hour, views = sql.execute(text("SELECT hour, COUNT(*) FROM article_views_hourly GROUP BY hour ORDER BY 2 DESC LIMIT 1")).one()
        spent, passed = zip(*(one_expiry(widest, hour) for _ in range(ROUNDS)), strict=True)
    yield "stories of the hour that leaves", float(views)
    yield "an hour leaves, ms", statistics.median(spent)
    yield "an hour leaves, by the clock, ms", statistics.median(passed)


def one_expiry(window: Window, hour: int) -> tuple[float, float]:
    """Milliseconds of the processor and of the clock, until it is committed."""
    to_hour = text('UPDATE window_state SET through_hour = :hour WHERE "window" = :window')
    with write_unit() as sql:
        stood = through_hours(sql)[window.slug]
        sql.execute(to_hour, {"hour": hour - 1, "window": window.slug})
    spent, passed = time.process_time(), time.perf_counter()
    assert expire_hour(window, hour)
    spent, passed = time.process_time() - spent, time.perf_counter() - passed
    back = f"UPDATE article_view_sums SET {window.column} = article_view_sums.{window.column} + gone.views FROM article_views_hourly AS gone"
    with write_unit() as sql:
        sql.execute(text(f"{back} WHERE gone.hour = :hour AND gone.article_id = article_view_sums.article_id"), {"hour": hour})
        sql.execute(to_hour, {"hour": stood, "window": window.slug})
    return spent * 1000, passed * 1000


def medians(works: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds of the processor for each, in rounds that take turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = time.process_time()
            work()
            taken[name].append((time.process_time() - began) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def mismatches(paper: Paper) -> int:
    """Lines of the 84 lists that a recount of every hourly row has otherwise."""
    connection = paper.driver()
    parts = [f"SUM(CASE WHEN hour > {paper.hour - (window.hours or HOURS)} THEN views ELSE 0 END)" for window in SUMMED]
    recount = connection.execute(f"SELECT article_id, {', '.join(parts)} FROM article_views_hourly GROUP BY article_id").fetchall()
    section = dict(connection.execute("SELECT id, section_id FROM article"))
    wrong = 0
    for place, window in enumerate(SUMMED, 1):
        ranked = sorted(((row[place], row[0]) for row in recount if row[place]), reverse=True)
        made_now = made_lists(paper, [Asked(scope, window) for scope in scopes()])()
        for found in made_now:
            number = found["scope"].partition("-")[2]
            ours = [(views, article) for views, article in ranked if not number or section[article] == int(number)][: len(found["items"])]
            wrong += sum(mine != (item["views"], item["id"]) for mine, item in zip(ours, found["items"], strict=True))
            wrong += ranking.LENGTH != len(found["items"]) < len(ours)
    return wrong


def others(paper: Paper) -> dict[str, Callable[[], object]]:
    """Lists that are made when somebody asks."""
    day, week, month, ever, trend = (BY_SLUG[slug] for slug in ("day", "week", "month", "all", "trend"))
    wanted = {
        "tag, many stories": Asked("tag-1", week), "tag, few stories": Asked(f"tag-{TAGS - 7}", week), "author": Asked("author-3", day),
        "language": Asked("language-de", day), "published this week": Asked("site", day, "week"), "published this year": Asked("site", ever, "year"),
        "average, month": Asked("site", month, "", AVERAGE), "average, all time": Asked("site", ever, "", AVERAGE), "trend": Asked("site", trend),
    }  # fmt: skip
    return {name: made_lists(paper, [asked]) for name, asked in wanted.items()}


def figures(sizes: list[int], rows_each: int, folder: Path) -> Iterator[tuple[str, float]]:
    """Every figure by its name, as it becomes known."""
    papers = []
    for articles in sizes:
        began = time.process_time()
        papers.append(made(articles, rows_each, folder))
        yield f"made, {articles:,} articles, {articles * rows_each:,} rows, s", time.process_time() - began
    small, large = papers[0], papers[-1]
    born = medians({"84 lists with the first indexes, ms": lists_of(large), "sums of 100,000 views with the first indexes, ms": counted(large)})
    yield from born.items()
    for paper in papers:
        with paper.app.app_context():
            began = time.process_time()
            thresholds.reset()
            yield f"thresholds reset, {paper.articles:,} articles, s", time.process_time() - began
    found = medians({"84 lists, ms": lists_of(large), "one list by GROUP BY (day), ms": grouped(large, BY_SLUG["day"]),
                     "sums of 100,000 views, ms": counted(large)})  # fmt: skip
    yield from found.items()
    yield "GROUP BY for a list / ours", found["one list by GROUP BY (day), ms"] / (found["84 lists, ms"] / 84)
    yield "sums with the first indexes / ours", born["sums of 100,000 views with the first indexes, ms"] / found["sums of 100,000 views, ms"]
    refresh = [Asked(scope, window) for scope in ("site", "section-1") for window in WINDOWS]
    turns = medians({paper.path.parent.name: made_lists(paper, refresh) for paper in papers}, ROUNDS * 2)
    yield from ((f"refresh of the site's and a section's lists, {int(name):,} articles, ms", taken) for name, taken in turns.items())
    yield "refresh, large / small", turns[str(large.articles)] / turns[str(small.articles)]
    yield from ((f"{name}, ms", taken) for name, taken in medians(others(large)).items())
    yield "84 lists as published, ms", medians({"": made_lists(large, [Asked(scope, window) for scope in scopes() for window in SUMMED])})[""]
    yield from expired(large)
    began = time.process_time()
    yield "mismatches", float(sum(mismatches(paper) for paper in papers))
    yield "recount of every row, s", time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", default="10000,1000000", help="sizes of the papers, the smallest first")
    parser.add_argument("--rows", type=int, default=100, help="hourly rows for each article")
    parser.add_argument("--folder", help="where the papers are made, and removed after")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="newsapp-rank-", dir=given.folder))
    known: dict[str, float] = {}
    try:
        for name, value in figures([int(size) for size in given.articles.split(",")], given.rows, folder):
            known[name] = value
            print(f"{name:<72}{value:>12,.2f}", flush=True)
    finally:
        shutil.rmtree(folder)
    missed = [f"{name} {known[name]:.2f} > {goal:g}" for name, goal in GOALS.items() if known[name] > goal]
    reached = ", ".join(f"{name} {known[name]:.2f} (goal {goal:g})" for name, goal in GOALS.items())
    print(f"{'MISSED' if missed else 'reached'}: {reached}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
