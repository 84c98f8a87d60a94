"""What was read in the day before an hour."""

from __future__ import annotations

from sqlalchemy import select

from newsapp.database import db
from newsapp.traffic.models import article_views_hourly

DAY = 24  # hours
SETTLED = 1  # hours before: another shard may still be counting the last one, and all must come to the same answer


def is_read_elsewhere(hour: int, article: int) -> bool:
    """Whether anything but this article was read in the day before an hour (hours since 1970)."""
    views, until = article_views_hourly.c, hour - SETTLED
    others = select(views.hour).where(views.hour >= until - DAY, views.hour < until, views.article_id != article, views.views > 0)
    with db.engine.connect() as sql:
        return sql.execute(others.limit(1)).first() is not None
