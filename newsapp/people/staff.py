"""The people of the desk: who they are, how they come in, and the first of them."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, desc, select

from newsapp.database import db, writes
from newsapp.people.models import DeskSession, Role, User
from newsapp.people.rights import ADMIN, ROLE_NAMES, ROLES

FIRST_EMAIL = "editor@newsapp.example"  # .example belongs to nobody, so no letter to it can go astray
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another
# What a hash costs whoever guesses: memory in KiB, argon2's own defaults, above what OWASP asks for.
HASHING: dict[str, Any] = {"time_cost": 3, "memory_cost": 65_536, "parallelism": 4}


class PersonError(ValueError):
    """Nobody can be added, found or changed like that; the message says why."""


def first_editor() -> tuple[str, str] | None:
    """Make the roles, and on an empty desk its first person, who may do all. Returns e-mail and password, shown this once."""
    with writes():
        make_roles()
        found = db.session.scalar(select(User.id).limit(1))
        password = None if found else add(FIRST_EMAIL, ROLE_NAMES)
        db.session.commit()
    return (FIRST_EMAIL, password) if password else None


def make_roles() -> None:
    known: set[str] = set(db.session.scalars(select(Role.name)))
    db.session.add_all(Role(name=role.name, description=role.help) for role in ROLES if role.name not in known)
    db.session.flush()


def add(email: str, role_names: Sequence[str]) -> str:
    """Add a person in the open transaction. Returns the password. Raises PersonError."""
    person, password = new(email, role_names), readable_password()
    person.password = hashed(password)  # type: ignore[assignment]
    return password


def new(email: str, role_names: Sequence[str], name: str = "") -> User:
    """A person without a password yet, in the open transaction. Raises PersonError."""
    address = clean_email(email)
    if find(address):
        raise PersonError(f"{address} is here already.")
    handle = uuid4().hex
    person = User(email=address, name=name, active=True, fs_uniquifier=uuid4().hex, fs_webauthn_user_handle=handle, roles=roles_of(role_names))
    db.session.add(person)
    return person


def roles_of(role_names: Sequence[str]) -> list[Role]:
    """Raises PersonError for a role that does not exist."""
    if unknown := set(role_names) - set(ROLE_NAMES):
        raise PersonError(f"There is no role {', '.join(sorted(unknown))}. There are: {', '.join(ROLE_NAMES)}.")
    return list(db.session.scalars(select(Role).where(Role.name.in_(role_names))))


def give_roles(person: User, role_names: Sequence[str]) -> None:
    """Let a person have these roles and no others, in the open transaction. Raises PersonError for the last admin."""
    if ADMIN not in role_names:
        keep_an_admin(person, "lose that role")
    person.roles = roles_of(role_names)


def deactivate(person: User) -> None:
    """Let a person in no more, and end the sessions, in the open transaction. Raises PersonError for the last admin."""
    keep_an_admin(person, "be shut out")
    person.active = False
    end_sessions(person)


def keep_an_admin(person: User, what: str) -> None:
    """Raises PersonError when nobody could let people in after it. One asks at a time, so that two cannot shut each other out at once."""
    db.session.execute(select(Role.id).where(Role.name == ADMIN).with_for_update())
    admins = select(User).join(User.roles).where(Role.name == ADMIN, User.active)  # type: ignore[arg-type]
    if [admin.id for admin in db.session.scalars(admins)] == [person.id]:
        raise PersonError(f"{person.email} is the only admin, and cannot {what}: nobody could invite people or give roles. Make another admin first.")


def renew_password(email: str) -> str:
    """Give a person a new password in the open transaction; who is signed in with the old one is no longer. Raises PersonError."""
    person, password = known(email), readable_password()
    set_password(person, password)
    return password


def set_password(person: User, password: str) -> None:
    """Give a password in the open transaction, and end the sessions that began with the one before it."""
    person.password = hashed(password)  # type: ignore[assignment]
    end_sessions(person)


def end_sessions(person: User) -> None:
    """Sign a person out everywhere, in the open transaction; links that were sent are no longer good either."""
    person.fs_uniquifier = uuid4().hex  # type: ignore[assignment]
    db.session.execute(delete(DeskSession).where(DeskSession.user_id == person.id))


def find(email: str) -> User | None:
    found: User | None = db.session.scalar(select(User).where(User.email == email))
    return found


def known(email: str) -> User:
    """The person with that e-mail. Raises PersonError."""
    person = find(clean_email(email))
    if person is None:
        raise PersonError(f"Nobody here has the e-mail {email}.")
    return person


def everybody() -> list[User]:
    return list(db.session.scalars(select(User).order_by(desc(User.active), User.email)))  # type: ignore[call-overload]


def clean_email(email: str) -> str:
    """The address in the form that signing in looks for. Raises PersonError."""
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise PersonError(f"{email!r} cannot be an e-mail address: {error}") from error


def readable_password() -> str:
    """79 bits in four groups that can be read out."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def hashed(password: str) -> str:
    return PasswordHasher(**HASHING).hash(normal(password))


def normal(password: str) -> str:
    """The same letters in the same code points, whatever keyboard they come from; signing in does likewise."""
    return unicodedata.normalize("NFKD", password)
