"""What a hub of WebSub was told of each feed, and up to which change that was looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsapp.database import Moment

revision = "0016"
down_revision = "0015"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_feed",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("told", sa.String(length=32), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hub_feed")),
    )
    op.create_index(op.f("ix_hub_feed_due"), "hub_feed", ["due"], unique=False)
    op.create_table(
        "hub_through",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_through")),
    )


def downgrade() -> None:
    op.drop_table("hub_through")
    op.drop_index(op.f("ix_hub_feed_due"), table_name="hub_feed")
    op.drop_table("hub_feed")
