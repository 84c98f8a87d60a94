"""The views of single stories, in each window."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Connection, cast, func, select

from newsapp.traffic.counting import BUCKET, HOUR
from newsapp.traffic.models import article_view_sums, article_views_5min
from newsapp.traffic.windows import Window


def views_of(sql: Connection, window: Window, ids: Iterable[int], at: datetime) -> dict[int, float]:
    """What each of these stories has in a window; none for those that nobody has read."""
    wanted = sorted(ids)
    if window.column is None:
        return last_hour(sql, wanted, at)
    column = article_view_sums.c[window.column]
    rows = sql.execute(select(article_view_sums.c.article_id, column.label("value")).where(article_view_sums.c.article_id.in_(wanted)))
    return {row.article_id: row.value for row in rows}


def last_hour(sql: Connection, ids: list[int], at: datetime) -> dict[int, float]:
    """Bucket by bucket, since that is how their key begins."""
    here, now_bucket = article_views_5min.c, int(at.timestamp()) // BUCKET
    buckets = range(now_bucket - HOUR // BUCKET + 1, now_bucket + 1)
    total = select(here.article_id, cast(func.sum(here.views), BigInteger).label("value")).where(here.bucket.in_(buckets), here.article_id.in_(ids))
    return {row.article_id: row.value for row in sql.execute(total.group_by(here.article_id))}
