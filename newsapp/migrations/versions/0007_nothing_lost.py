"""Revisions, and text that is not saved yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsapp.database import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FROM_A_FORM = sa.text("form_id <> ''")


def upgrade() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.String(length=255), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("form_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_revision_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.create_index("ix_revision_article_id_id", "revision", ["article_id", "id"])
    op.create_index("ix_revision_form_id", "revision", ["form_id"], sqlite_where=FROM_A_FORM, postgresql_where=FROM_A_FORM)
    op.create_table(
        "unsaved",
        sa.Column("form_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_unsaved_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_unsaved")),
    )
    op.create_index("ix_unsaved_person_id_article_id", "unsaved", ["person_id", "article_id"])
    op.create_index(op.f("ix_unsaved_article_id"), "unsaved", ["article_id"])
    op.create_index(op.f("ix_unsaved_at"), "unsaved", ["at"])


def downgrade() -> None:
    op.drop_table("unsaved")
    op.drop_table("revision")
