"""Causes: what the ledger books of an article besides its views, and all of it since the first day."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from newsapp.traffic.events import BY_CODE, CRAWL, PAGEVIEW
from newsapp.traffic.ledger import NO_CLASS
from newsapp.traffic.models import article_views_daily, article_views_hourly, view_ledger


class Cause(NamedTuple):
    """What the ledger books: the code of an event's kind, and of the reason against it."""

    kind: int
    reason: int

    @property
    def title(self) -> str:
        """A few words for the head of a column."""
        reason = BY_CODE[self.reason]
        agent = "AI" if reason.agent == "ai" else reason.agent.capitalize()
        if self.kind == CRAWL.code:
            return agent or "No class"
        return f"Bot: {agent}" if agent else reason.name.replace("_", " ").capitalize()

    @property
    def help(self) -> str:
        return BY_CODE[self.reason].help

    @property
    def name(self) -> str:
        return BY_CODE[self.reason].name

    @property
    def agent(self) -> str:
        """The class of the crawler, where the reason has one."""
        return BY_CODE[self.reason].agent or NO_CLASS

    @property
    def is_crawl(self) -> bool:
        return self.kind == CRAWL.code


def booked_of(article: int) -> tuple[Any, Any]:
    """The ledger's rows of an article: of views, and of crawlers' fetches."""
    return view_ledger.c.kind.in_((PAGEVIEW.code, CRAWL.code)), view_ledger.c.article_id == article


# Each hour, or day, that a table has, by the first of its key: one seek for each. Then the article's rows in it.
ALL_TIME = """
WITH RECURSIVE known(step) AS (
 SELECT MIN({step}) FROM {table}
 UNION ALL SELECT (SELECT MIN({step}) FROM {table} WHERE {step} > known.step) FROM known WHERE known.step IS NOT NULL
)
SELECT {columns} FROM known JOIN {table} t ON t.{step} = known.step WHERE t.article_id = :article {rest}
"""
BOOKED = ALL_TIME.format(
    step="hour", table="view_ledger", columns="t.kind, t.reason, SUM(t.events) AS events", rest="AND t.kind IN (:pageview, :crawl) GROUP BY 1, 2"
)
VIEWS = [
    ALL_TIME.format(step=step, table=table, columns="COALESCE(SUM(t.views), 0)", rest="")
    for step, table in (("hour", article_views_hourly.name), ("day", article_views_daily.name))
]


def all_time(sql: Connection, article: int) -> tuple[int, dict[Cause, int]]:
    """Views since the first day, and all that the ledger holds of an article."""
    views = sum(int(sql.scalar(text(query), {"article": article}) or 0) for query in VIEWS)
    rows = sql.execute(text(BOOKED), {"article": article, "pageview": PAGEVIEW.code, "crawl": CRAWL.code})
    return views, {Cause(row.kind, row.reason): int(row.events) for row in rows}
