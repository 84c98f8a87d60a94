"""The desk's list of all articles is read in the order of an index, page by page."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_index("ix_article_published_at_id", "article", ["published_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_article_published_at_id", "article")
