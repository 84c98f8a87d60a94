"""Who works here: people and roles in Flask-Security's shape, their sessions, and who is invited."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_security.models import fsqla_v3
from flask_security.models.fsqla import FsModels
from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from newsapp.database import Model, Moment, db

FsModels.set_db_info(  # type: ignore[no-untyped-call]
    db, user_table_name="desk_user", role_table_name="desk_role", webauthn_table_name="desk_passkey"
)

INVITED_FOR = timedelta(days=7)


class Role(Model, fsqla_v3.FsRoleMixin):
    __tablename__ = "desk_role"


class User(Model, fsqla_v3.FsUserMixin):
    __tablename__ = "desk_user"

    name: Mapped[str | None] = mapped_column(String(120), nullable=True)
    seen_at: Mapped[datetime | None] = mapped_column(Moment, nullable=True)
    totp_counter: Mapped[int | None] = mapped_column(Integer, nullable=True)  # of the last code taken: no code is taken twice

    @property
    def called(self) -> str:
        return self.name or str(self.email)

    @property
    def role_names(self) -> list[str]:
        return sorted(role.name for role in self.roles)

    @property
    def has_codes(self) -> bool:
        """Whether an authenticator app is set up."""
        return bool(self.tf_primary_method and self.tf_totp_secret)

    @property
    def has_second_factor(self) -> bool:
        return self.has_codes or bool(self.webauthn)


class WebAuthn(Model, fsqla_v3.FsWebAuthnMixin):
    __tablename__ = "desk_passkey"


class DeskSession(Model):
    """One browser that somebody signed in with. Its address is not kept."""

    __tablename__ = "desk_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # the hash of what the browser's cookie has
    user_id: Mapped[int] = mapped_column(ForeignKey("desk_user.id", ondelete="CASCADE"), index=True)
    browser: Mapped[str] = mapped_column(String(80))  # in words, such as Firefox on Linux
    via: Mapped[str] = mapped_column(String(40))  # password, password and code, passkey, …
    began: Mapped[datetime] = mapped_column(Moment)
    seen: Mapped[datetime] = mapped_column(Moment)


class Invitation(Model):
    """Somebody who may come: gone when it was used or withdrawn."""

    __tablename__ = "desk_invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    roles: Mapped[list[str]] = mapped_column(JSON)
    nonce: Mapped[str] = mapped_column(String(32))  # another one ends the link before
    by: Mapped[str] = mapped_column(String(255))
    expires: Mapped[datetime] = mapped_column(Moment)
