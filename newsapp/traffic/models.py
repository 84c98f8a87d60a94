"""The tables of counting: cursors, rollups, window sums, the ledger."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from newsapp.database import Model

metadata = Model.metadata
# SQLite keys a rowid table by INTEGER only; elsewhere ids of 32 bits would end too soon.
Count = BigInteger().with_variant(Integer, "sqlite")

# One row for each source of events: a shard's stream or a spill file.
count_cursor = Table(
    "count_cursor", metadata,
    Column("source", String(200), primary_key=True),
    Column("pos", String(40), nullable=False),  # last stream id counted, or byte offset in the file
    Column("entries", Count, nullable=False, default=0),
    Column("events", Count, nullable=False, default=0),
    Column("commits", Count, nullable=False, default=0),
    Column("updated_at", Count, nullable=False, default=0),  # seconds since 1970
)  # fmt: skip

article_views_5min = Table(
    "article_views_5min", metadata,
    Column("bucket", Integer, primary_key=True, autoincrement=False),  # 5-minute steps since 1970
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("views", Count, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

article_views_hourly = Table(
    "article_views_hourly", metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),  # hours since 1970, UTC
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("views", Count, nullable=False),
    Column("raw", Count, nullable=False),  # with those that were filtered
    sqlite_with_rowid=False,
)  # fmt: skip

article_views_daily = Table(
    "article_views_daily", metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970, the site's
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("views", Count, nullable=False),
    Column("raw", Count, nullable=False),
    Column("uniques", Count, nullable=False, default=0),
    sqlite_with_rowid=False,
)  # fmt: skip

article_view_sums = Table(
    "article_view_sums", metadata,
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("section_id", Integer, nullable=False),
    Column("v24h", Count, nullable=False, default=0),
    Column("v7d", Count, nullable=False, default=0),
    Column("v30d", Count, nullable=False, default=0),
    Column("vall", Count, nullable=False, default=0),
)  # fmt: skip
# The busiest of the site and of a section, for each window; only rows that could be listed are indexed.
for sum_column in ("v24h", "v7d", "v30d", "vall"):
    positive = article_view_sums.c[sum_column] > 0
    for scope in ((), ("section_id",)):
        Index(f"ix_sums_{'_'.join((*scope, sum_column))}", *(article_view_sums.c[name] for name in (*scope, sum_column)),
              sqlite_where=positive, postgresql_where=positive)  # fmt: skip

# Hours up to through_hour have left that window's sums.
window_state = Table(
    "window_state", metadata,
    Column("window", String(20), primary_key=True),
    Column("through_hour", Integer, nullable=False),
)  # fmt: skip

# Why events do not count; those that do are the views above.
view_ledger = Table(
    "view_ledger", metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("reason", Integer, primary_key=True, autoincrement=False),
    Column("events", Count, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

# When each periodic job was last claimed and done (workers/schedule.py).
schedule_state = Table(
    "schedule_state", metadata,
    Column("job", String(80), primary_key=True),
    Column("through", Count, nullable=False),  # seconds since 1970 of the last turn that was claimed
    Column("started", Count, nullable=False, default=0),
    Column("finished", Count, nullable=False, default=0),
)  # fmt: skip

# This installation: its id and restore epoch stand here and in Redis, and must agree.
installation = Table(
    "installation", metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(80), nullable=False),
)  # fmt: skip
