"""States with who and when: the turns of an article, expiry, revisions, kinds of corrections, preview links, links that were looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsapp.database import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ENDING = sa.text("expires_at IS NOT NULL")
REVISED = "UPDATE article SET revised_at = (SELECT MAX(at) FROM correction WHERE article_id = article.id)"


def upgrade() -> None:
    add_columns()
    op.create_table(
        "article_turn",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("editor", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("planned_for", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_turn_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_turn")),
    )
    op.create_index("ix_article_turn_article_id_id", "article_turn", ["article_id", "id"], unique=False)
    op.create_table(
        "turned_through",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("moment", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turned_through")),
    )
    op.create_table(
        "preview_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("editor", sa.String(length=255), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_preview_link_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_preview_link_hash")),
    )
    op.create_index(op.f("ix_preview_link_article_id"), "preview_link", ["article_id"], unique=False)
    op.create_table(
        "outside_link",
        sa.Column("address", sa.String(length=1000), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_outside_link")),
    )


def add_columns() -> None:
    op.add_column("article", sa.Column("expires_at", Moment(), nullable=True))
    op.add_column("article", sa.Column("revised_at", Moment(), nullable=True))
    op.create_index("ix_article_expires_at", "article", ["expires_at"], unique=False, sqlite_where=ENDING, postgresql_where=ENDING)
    op.add_column("correction", sa.Column("kind", sa.String(length=20), server_default="correction", nullable=False))
    op.add_column("correction", sa.Column("editor", sa.String(length=255), nullable=True))
    op.create_index("ix_correction_at", "correction", ["at"], unique=False)
    op.execute(REVISED)


def downgrade() -> None:
    for table in ("outside_link", "preview_link", "turned_through", "article_turn"):
        op.drop_table(table)
    op.drop_index("ix_correction_at", "correction")
    op.drop_index("ix_article_expires_at", "article")
    for table, columns in (("correction", ("editor", "kind")), ("article", ("revised_at", "expires_at"))):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
