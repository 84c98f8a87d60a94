"""The front page made of slots, and breaking news."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")
PLACED = sa.text("front_position IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "front_plate",
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("editor", sa.String(255), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_front_plate")),
    )
    op.create_table(
        "front_slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plate", sa.String(10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("section_id", sa.Integer(), nullable=True),
        sa.Column("window", sa.String(20), nullable=False),
        sa.Column("starts", MOMENT, nullable=True),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("editor", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_front_slot_article_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["section_id"], ["section.id"], name=op.f("fk_front_slot_section_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_front_slot")),
    )
    op.create_index("ix_front_slot_plate_position", "front_slot", ["plate", "position"])
    op.create_index("ix_front_slot_article_id", "front_slot", ["article_id"])
    op.create_index("ix_front_slot_section_id", "front_slot", ["section_id"])
    op.create_table(
        "breaking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("editor", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_breaking_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breaking")),
    )
    op.create_index("ix_breaking_article_id", "breaking", ["article_id"])
    op.execute(
        'INSERT INTO front_slot (plate, position, kind, article_id, "window", editor)'
        " SELECT 'live', place, 'story', id, '', '' FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY front_position, published_at DESC, id) AS place"
        " FROM article WHERE front_position IS NOT NULL AND state = 'live') placed WHERE place <= 7"
    )
    op.drop_index("ix_article_front_position", "article")
    op.drop_column("article", "front_position")


def downgrade() -> None:
    op.add_column("article", sa.Column("front_position", sa.Integer(), nullable=True))
    op.create_index("ix_article_front_position", "article", ["front_position"], sqlite_where=PLACED, postgresql_where=PLACED)
    op.execute(
        "UPDATE article SET front_position = (SELECT MIN(position) FROM front_slot WHERE article_id = article.id AND plate = 'live')"
        " WHERE id IN (SELECT article_id FROM front_slot WHERE article_id IS NOT NULL AND plate = 'live')"
    )
    for table in ("breaking", "front_slot", "front_plate"):
        op.drop_table(table)
