"""Pictures have formats besides WebP; those kept before are known by having it alone, and a job brings them up to date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = depends_on = None

WEBP_ALONE = sa.text("formats = 'webp'")


def upgrade() -> None:
    op.add_column("picture", sa.Column("formats", sa.String(40), nullable=False, server_default="webp"))
    op.create_index("ix_picture_formats", "picture", ["id"], sqlite_where=WEBP_ALONE, postgresql_where=WEBP_ALONE)


def downgrade() -> None:
    op.drop_index("ix_picture_formats", "picture")
    op.drop_column("picture", "formats")
