"""Stories by language, of those that name one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAMED = sa.text("language <> ''")


def upgrade() -> None:
    op.create_index("ix_article_language", "article", ["language"], unique=False, sqlite_where=NAMED, postgresql_where=NAMED)


def downgrade() -> None:
    op.drop_index("ix_article_language", "article")
