"""newsapp ledger: are all events accounted for?"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import click
import redis
from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from newsapp import create_app
from newsapp.database import db
from newsapp.news.models import Article
from newsapp.traffic.causes import all_time
from newsapp.traffic.events import SIGNALS, VIEWS
from newsapp.traffic.ledger import BOT, Balance, balance, by_class, one_moment

Classes = dict[str, int]


@click.command()
@click.option("--article", "slug", default="", help="One article instead: its views, and why other events do not count.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: received, counted, filtered, waiting, balance; the same of signals.")
def ledger(slug: str, as_json: bool) -> None:
    """Show that received = counted + filtered + waiting, for views and for signals. Exits 1 when it is not."""
    app = create_app(role="work")
    try:
        with app.app_context():
            sys.exit(show_article(slug, as_json) if slug else show_books(as_json))
    except (OperationalError, ProgrammingError):
        sys.exit("newsapp: the database has no tables yet; run newsapp up or newsapp migrate first, and check NEWSAPP_HOME and DATABASE_URL")
    except redis.RedisError as error:
        sys.exit(f"newsapp: the inbox does not answer ({error}); start newsapp up, or set REDIS_URL, and ask again")


def show_books(as_json: bool) -> int:
    connection = current_app.extensions["redis_jobs"]
    views, signals = balance(connection), balance(connection, SIGNALS)
    if as_json:
        click.echo(json.dumps({**views, "signals": signals}))
    else:
        click.echo(f"{table(views, by_class(VIEWS))}\n\nsignals: engagement, copies, crawlers' fetches\n{table(signals, by_class(SIGNALS))}")
    return 0 if views["balance"] == signals["balance"] == 0 else 1


def table(books: Balance, classes: Classes) -> str:
    """The books for people."""
    rows = [("received", books["received"]), ("counted", books["counted"])]
    for reason, events in books["filtered"].items():
        rows.append((f"  filtered: {reason}", events))
        rows += [(f"    {name}", times) for name, times in classes.items() if reason == BOT]
    rows += [("waiting", books["waiting"]), ("balance", books["balance"])]
    return lines(rows)


def lines(rows: list[tuple[str, int]]) -> str:
    return "\n".join(f"{name:<28}{figure:>12,}" for name, figure in rows)


def show_article(slug: str, as_json: bool) -> int:
    article = db.session.scalar(select(Article.id).where(Article.slug == slug))
    if article is None:
        raise click.ClickException(f"there is no article {slug!r}; write the last part of its address")
    report = report_of(article)
    click.echo(json.dumps({"article": slug, **report}) if as_json else article_table(report))
    return 0


def report_of(article: int) -> dict[str, Any]:
    """An article's views, and by name what else was booked of it since the first day."""
    with one_moment() as sql:
        views, events = all_time(sql, article)
    filtered: Counter[str] = Counter()
    classes, crawls = dict[str, int](), dict[str, int]()
    for cause, times in sorted(events.items()):
        if cause.is_crawl:
            crawls[cause.agent] = times
            continue
        filtered[cause.name] += times
        if cause.name == BOT:
            classes[cause.agent] = times
    return {"views": views, "filtered": dict(filtered), "bots": classes, "crawls": crawls}


def article_table(report: dict[str, Any]) -> str:
    rows = [("views", report["views"])]
    for reason, events in report["filtered"].items():
        rows.append((f"  filtered: {reason}", events))
        rows += [(f"    {name}", times) for name, times in report["bots"].items() if reason == BOT]
    rows += [(f"fetched by crawlers: {name}", times) for name, times in report["crawls"].items()]
    return lines(rows)
