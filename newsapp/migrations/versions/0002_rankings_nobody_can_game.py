"""Rankings nobody can game."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "article_engagement_daily",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("visits", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quarter_1", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quarter_2", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quarter_3", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quarter_4", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("day", "article_id", name=op.f("pk_article_engagement_daily")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "article_referrers_daily",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("host", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("views", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("day", "article_id", "host", name=op.f("pk_article_referrers_daily")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "held_views",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("network", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("hour", "article_id", "network", name=op.f("pk_held_views")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ingested_view",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingested_view")),
    )
    with op.batch_alter_table("ingested_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ingested_view_at"), ["at"], unique=False)

    op.create_table(
        "kept_chunk",
        sa.Column("chunk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chunk", name=op.f("pk_kept_chunk")),
    )
    with op.batch_alter_table("kept_chunk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_chunk_hour"), ["hour"], unique=False)

    op.create_table(
        "list_guard",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("editor", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_list_guard")),
    )
    op.create_table(
        "list_member",
        sa.Column("scope", sa.String(length=100), nullable=False),
        sa.Column("window", sa.String(length=20), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("scope", "window", "article_id", name=op.f("pk_list_member")),
    )
    op.create_table(
        "recounted_hour",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("views", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("off", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_recounted_hour")),
    )
    op.create_table(
        "referrer_host",
        sa.Column("host", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_referrer_host")),
    )
    op.create_table(
        "released_views",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("editor", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("hour", "article_id", "reason", "network", name=op.f("pk_released_views")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sums_due",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sums_due")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "trend_state",
        sa.Column("since_hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log_weight", sa.Float(), nullable=False),
        sa.Column("half_life", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("since_hour", name=op.f("pk_trend_state")),
    )
    op.create_table(
        "view_rule",
        sa.Column("since_hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("since_hour", name=op.f("pk_view_rule")),
    )
    with op.batch_alter_table("article_view_sums", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trend", sa.Float(), server_default="0", nullable=False))
        batch_op.create_index(
            "ix_sums_section_id_trend",
            ["section_id", "trend"],
            unique=False,
            sqlite_where=sa.text("trend > 0"),
            postgresql_where=sa.text("trend > 0"),
        )
        batch_op.create_index("ix_sums_trend", ["trend"], unique=False, sqlite_where=sa.text("trend > 0"), postgresql_where=sa.text("trend > 0"))

    with op.batch_alter_table("article_views_daily", schema=None) as batch_op:
        batch_op.add_column(sa.Column("direct", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("internal", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("search", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("social", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("other", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))

    with op.batch_alter_table("article_views_hourly", schema=None) as batch_op:
        batch_op.add_column(sa.Column("direct", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("internal", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("search", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("social", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("other", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))

    with op.batch_alter_table("window_state", schema=None) as batch_op:
        batch_op.add_column(sa.Column("threshold", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("window_state", schema=None) as batch_op:
        batch_op.drop_column("threshold")

    with op.batch_alter_table("article_views_hourly", schema=None) as batch_op:
        batch_op.drop_column("article")
        batch_op.drop_column("other")
        batch_op.drop_column("social")
        batch_op.drop_column("search")
        batch_op.drop_column("internal")
        batch_op.drop_column("direct")

    with op.batch_alter_table("article_views_daily", schema=None) as batch_op:
        batch_op.drop_column("article")
        batch_op.drop_column("other")
        batch_op.drop_column("social")
        batch_op.drop_column("search")
        batch_op.drop_column("internal")
        batch_op.drop_column("direct")

    with op.batch_alter_table("article_view_sums", schema=None) as batch_op:
        for name in indexes_of_trend():
            batch_op.drop_index(name)
        batch_op.drop_column("trend")

    op.drop_table("view_rule")
    op.drop_table("trend_state")
    op.drop_table("sums_due")
    op.drop_table("released_views")
    op.drop_table("referrer_host")
    op.drop_table("recounted_hour")
    op.drop_table("list_member")
    op.drop_table("list_guard")
    with op.batch_alter_table("kept_chunk", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_chunk_hour"))

    op.drop_table("kept_chunk")
    with op.batch_alter_table("ingested_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ingested_view_at"))

    op.drop_table("ingested_view")
    op.drop_table("held_views")
    op.drop_table("article_referrers_daily")
    op.drop_table("article_engagement_daily")


def indexes_of_trend() -> list[str]:
    """By whatever names: newsapp moves their thresholds as it runs."""
    found = [str(index["name"]) for index in sa.inspect(op.get_bind()).get_indexes("article_view_sums")]
    return [name for name in found if name.startswith(("ix_sums_trend", "ix_sums_section_id_trend"))]
