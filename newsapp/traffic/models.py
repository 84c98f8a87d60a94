"""The tables of counting: cursors, rollups, window sums, the ledger, and what recounting needs."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table

from newsapp.database import Model

metadata = Model.metadata
# SQLite keys a rowid table by INTEGER only; elsewhere ids of 32 bits would end too soon.
Count = BigInteger().with_variant(Integer, "sqlite")


def none_yet(name: str) -> Column[int]:
    """A count that begins at 0, in tables that had rows before it."""
    return Column(name, Count, nullable=False, default=0, server_default="0")


# Where views came from. `article`: from another article of ours, a second read; `internal`: from another page of ours.
REFERRED = ("direct", "internal", "search", "social", "other", "article")

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
    *map(none_yet, REFERRED),
    sqlite_with_rowid=False,
)  # fmt: skip

article_views_daily = Table(
    "article_views_daily", metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970, the site's
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("views", Count, nullable=False),
    Column("raw", Count, nullable=False),
    Column("uniques", Count, nullable=False, default=0),  # article 0 is the site
    *map(none_yet, REFERRED),
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
    Column("trend", Float, nullable=False, default=0.0, server_default="0"),  # weighed by the hour, see trend_state
)  # fmt: skip
# The busiest of the site and of a section, for each window; only rows that could be listed are indexed.
# Where many could be, traffic/thresholds.py puts others in their place.
for sum_column in ("v24h", "v7d", "v30d", "vall", "trend"):
    positive = article_view_sums.c[sum_column] > 0
    for scope in ((), ("section_id",)):
        Index(f"ix_sums_{'_'.join((*scope, sum_column))}", *(article_view_sums.c[name] for name in (*scope, sum_column)),
              sqlite_where=positive, postgresql_where=positive)  # fmt: skip

# What counting has added and the sums do not hold yet: one packed row for each commit (sums.py).
sums_due = Table(
    "sums_due", metadata,
    Column("id", Count, primary_key=True),
    Column("added", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip

# Hours up to through_hour have left that window's sums; its indexes hold sums from the threshold on.
window_state = Table(
    "window_state", metadata,
    Column("window", String(20), primary_key=True),
    Column("through_hour", Integer, nullable=False),
    none_yet("threshold"),
)  # fmt: skip

# A view of hour h weighs 2 ** (log_weight + (h - since_hour) / half_life) in the column trend, from since_hour on.
trend_state = Table(
    "trend_state", metadata,
    Column("since_hour", Integer, primary_key=True, autoincrement=False),
    Column("log_weight", Float, nullable=False),
    Column("half_life", Integer, nullable=False),  # hours
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

# Views of one network beyond what is credible, held until released: the ledger's `burst`, by network.
held_views = Table(
    "held_views", metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("network", Integer, primary_key=True, autoincrement=False),  # 16 bits of a keyed hash
    Column("events", Count, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

# What an editor released: views that count although the rule held them. `network` is -1 where the reason is of the agent.
released_views = Table(
    "released_views", metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("reason", Integer, primary_key=True, autoincrement=False),
    Column("network", Integer, primary_key=True, autoincrement=False),
    Column("events", Count, nullable=False),
    Column("editor", String(255), nullable=False, default=""),
    Column("at", Count, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

# How readers were with an article, by the site's day.
article_engagement_daily = Table(
    "article_engagement_daily", metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("visits", Count, nullable=False),
    Column("seconds", Count, nullable=False),
    *(Column(f"quarter_{number}", Count, nullable=False) for number in (1, 2, 3, 4)),  # visits that came that far
    Column("ended", Count, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

# Views by referring host, for the class "other"; a host's number is a hash of its registrable domain.
article_referrers_daily = Table(
    "article_referrers_daily", metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("host", Integer, primary_key=True, autoincrement=False),
    Column("views", Count, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
referrer_host = Table(
    "referrer_host", metadata,
    Column("host", Integer, primary_key=True, autoincrement=False),
    Column("name", String(253), nullable=False),
)  # fmt: skip

# The view rule, by the hour from which it holds.
view_rule = Table(
    "view_rule", metadata,
    Column("since_hour", Integer, primary_key=True, autoincrement=False),
    Column("rule", JSON, nullable=False),
)  # fmt: skip

# Pieces of kept files that were committed; what a file holds beside them was never counted.
kept_chunk = Table(
    "kept_chunk", metadata,
    Column("chunk", Count, primary_key=True, autoincrement=False),
    Column("hour", Integer, nullable=False, index=True),
)  # fmt: skip

# Hours whose kept events were counted again, to compare or under another rule.
recounted_hour = Table(
    "recounted_hour", metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("rule", JSON, nullable=False),
    Column("applied", Integer, nullable=False),  # 1: the tables follow this rule for that hour
    Column("views", Count, nullable=False),  # in the tables
    Column("off", Count, nullable=False),  # by how many views the kept events say otherwise
    Column("at", Count, nullable=False),
)  # fmt: skip

# Event ids of apps, remembered for a day: sent again, they are booked `duplicate`.
ingested_view = Table(
    "ingested_view", metadata,
    Column("id", String(100), primary_key=True),
    Column("at", Count, nullable=False, index=True),
)  # fmt: skip

# Who may report views: a paper's own apps. The key itself is shown once and stored nowhere.
api_key = Table(
    "api_key", metadata,
    Column("name", String(80), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("created", Count, nullable=False),
    Column("revoked", Count, nullable=True),
)  # fmt: skip

# What an editor decided about one story in the lists: pinned to a place, or held out.
list_guard = Table(
    "list_guard", metadata,
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("action", String(20), nullable=False),  # pin, hold_out
    Column("position", Integer, nullable=False, default=0),  # of a pin, 1 is the top
    Column("reason", String(300), nullable=False, default=""),
    Column("until", Count, nullable=False),  # seconds since 1970
    Column("editor", String(255), nullable=False, default=""),
    Column("at", Count, nullable=False),
)  # fmt: skip

# Who stands in a list, so that entering it can be told once.
list_member = Table(
    "list_member", metadata,
    Column("scope", String(100), primary_key=True),
    Column("window", String(20), primary_key=True),
    Column("article_id", Count, primary_key=True, autoincrement=False),
    Column("since", Count, nullable=False),  # seconds since 1970 when it was last seen there
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
