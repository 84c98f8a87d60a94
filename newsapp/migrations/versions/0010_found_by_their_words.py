"""Stories found by their words, and lists that editors keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsapp.database import Moment
from newsapp.search import models

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


ENDING = sa.text("expires_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_article_expires_at", "article")  # SQLite passed it over for the index of states, and read every live story
    op.create_index("ix_article_state_expires_at", "article", ["state", "expires_at"], sqlite_where=ENDING, postgresql_where=ENDING)
    op.create_table(
        "text_waiting",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_text_waiting_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_text_waiting")),
    )
    models.create(op.get_bind())
    op.execute("INSERT INTO text_waiting (article_id) SELECT id FROM article")  # a job reads them in, so the upgrade takes no time
    op.create_table(
        "known_word",
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_known_word")),
    )
    op.create_table(
        "saved_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["desk_user.id"], name=op.f("fk_saved_list_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_list")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_list_person_id_name")),
    )


def downgrade() -> None:
    op.drop_table("saved_list")
    op.drop_table("known_word")
    models.drop(op.get_bind())
    op.drop_table("text_waiting")
    op.drop_index("ix_article_state_expires_at", "article")
    op.create_index("ix_article_expires_at", "article", ["expires_at"], sqlite_where=ENDING, postgresql_where=ENDING)
