"""Roles for writers and chiefs, sessions, invitations and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsapp.database import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NEW_ROLES = (
    ("writer", "Writes stories and sends them to review; publishes only where a setting lets writers."),
    ("chief", "Does all that an editor does, takes stories down, decides settings and rankings, reads the audit log."),
)


def upgrade() -> None:
    with op.batch_alter_table("desk_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("seen_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("totp_counter", sa.Integer(), nullable=True))
    op.create_table(
        "desk_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=80), nullable=False),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("began", Moment(), nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["desk_user.id"], name=op.f("fk_desk_session_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_session")),
    )
    with op.batch_alter_table("desk_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_session_user_id"), ["user_id"], unique=False)
    op.create_table(
        "desk_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_invitation")),
        sa.UniqueConstraint("email", name=op.f("uq_desk_invitation_email")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("thing", sa.String(length=120), nullable=False),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("deed", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_who"), ["who"], unique=False)
        batch_op.create_index("ix_audit_entry_kind_id", ["kind", "id"], unique=False)
        batch_op.create_index("ix_audit_entry_thing_id", ["thing", "id"], unique=False)
    editors_stay_able()


def editors_stay_able() -> None:
    """What was one role is two now: who was an editor keeps all that an editor could do."""
    role = sa.table("desk_role", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("description", sa.String))
    holds = sa.table("roles_users", sa.column("user_id", sa.Integer), sa.column("role_id", sa.Integer))
    sql = op.get_bind()
    if not sql.scalar(sa.select(sa.func.count()).select_from(role)):
        return  # a new database: the first start makes all roles
    present = set(sql.scalars(sa.select(role.c.name)))  # a database that was here before and went back has them still
    if missing := [{"name": name, "description": text} for name, text in NEW_ROLES if name not in present]:
        sql.execute(role.insert(), missing)
    numbers = {row.name: row.id for row in sql.execute(sa.select(role.c.name, role.c.id))}
    if "editor" in numbers and "chief" not in present:
        editors = sa.select(holds.c.user_id, sa.literal(numbers["chief"])).where(holds.c.role_id == numbers["editor"])
        sql.execute(holds.insert().from_select(["user_id", "role_id"], editors))


def downgrade() -> None:
    op.drop_table("audit_entry")
    op.drop_table("desk_invitation")
    op.drop_table("desk_session")
    with op.batch_alter_table("desk_user", schema=None) as batch_op:
        for name in ("totp_counter", "seen_at", "name"):
            batch_op.drop_column(name)
