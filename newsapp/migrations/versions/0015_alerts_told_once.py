"""Open alarms, and the alerts that tell of them once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "open_alarm",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sa.Column("calm", NUMBER, nullable=False),
        sa.Column("told", NUMBER, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_open_alarm")),
    )
    op.create_table(
        "alert",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("made", NUMBER, nullable=False),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent", NUMBER, nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_sent_due", "alert", ["sent", "due"])


def downgrade() -> None:
    op.drop_table("alert")
    op.drop_table("open_alarm")
