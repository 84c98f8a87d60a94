"""Who works here: users and their roles, in Flask-Security's shape."""

from __future__ import annotations

from flask_security.models import fsqla_v3
from flask_security.models.fsqla import FsModels

from newsapp.database import Model, db

FsModels.set_db_info(  # type: ignore[no-untyped-call]
    db, user_table_name="desk_user", role_table_name="desk_role", webauthn_table_name="desk_passkey"
)

# What a role may do is decided on each route; the names are the whole list.
ROLES = (
    ("editor", "Writes, publishes and spikes articles; changes settings"),
    ("operator", "Sees queues, workers and lag"),
    ("admin", "Invites people and gives roles; may do all the rest"),
)


class Role(Model, fsqla_v3.FsRoleMixin):
    __tablename__ = "desk_role"


class User(Model, fsqla_v3.FsUserMixin):
    __tablename__ = "desk_user"


class WebAuthn(Model, fsqla_v3.FsWebAuthnMixin):
    __tablename__ = "desk_passkey"
