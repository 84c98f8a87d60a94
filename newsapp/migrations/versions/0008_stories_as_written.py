"""Pictures with licence and focal point, pictures in bodies, related stories, guests, robots."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from newsapp.database import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ADDED: tuple[tuple[str, sa.Column[Any]], ...] = (
    ("picture", sa.Column("caption", sa.Text(), nullable=False, server_default=sa.text("''"))),
    ("picture", sa.Column("licence", sa.String(200), nullable=False, server_default=sa.text("''"))),
    ("picture", sa.Column("focus_x", sa.Integer(), nullable=False, server_default="50")),
    ("picture", sa.Column("focus_y", sa.Integer(), nullable=False, server_default="50")),
    ("picture", sa.Column("added_at", Moment(), nullable=True)),
    ("article", sa.Column("guests", sa.String(300), nullable=False, server_default=sa.text("''"))),
    ("article", sa.Column("robots", sa.String(20), nullable=False, server_default=sa.text("''"))),
)


def upgrade() -> None:
    # Without batch: a table that others point to must not be made anew, since dropping the old one empties them.
    for table, column in ADDED:
        op.add_column(table, column._copy())
    op.create_index(op.f("ix_article_picture_id"), "article", ["picture_id"])
    op.create_table(
        "article_picture",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("picture_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_picture_article_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["picture_id"], ["picture.id"], name=op.f("fk_article_picture_picture_id")),
        sa.PrimaryKeyConstraint("article_id", "picture_id", name=op.f("pk_article_picture")),
    )
    op.create_index(op.f("ix_article_picture_picture_id"), "article_picture", ["picture_id"])
    op.create_table(
        "article_related",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("related_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_related_article_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["related_id"], ["article.id"], name=op.f("fk_article_related_related_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "related_id", name=op.f("pk_article_related")),
    )
    op.create_index(op.f("ix_article_related_related_id"), "article_related", ["related_id"])


def downgrade() -> None:
    op.drop_table("article_related")
    op.drop_table("article_picture")
    op.drop_index(op.f("ix_article_picture_id"), "article")
    for table, column in reversed(ADDED):
        op.drop_column(table, column.name)
