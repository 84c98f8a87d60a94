"""A story may be the translation of another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = depends_on = None

TRANSLATED = sa.text("translation_of_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("article", sa.Column("translation_of_id", sa.Integer()))
    op.create_index("ix_article_translation_of_id", "article", ["translation_of_id"], sqlite_where=TRANSLATED, postgresql_where=TRANSLATED)


def downgrade() -> None:
    op.drop_index("ix_article_translation_of_id", "article")
    op.drop_column("article", "translation_of_id")
