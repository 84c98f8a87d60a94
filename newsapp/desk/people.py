"""The people of the desk: who they are, how they come in, and the first of them."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from uuid import uuid4

from argon2 import PasswordHasher
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from newsapp.database import db, writes
from newsapp.desk.models import ROLES, Role, User

FIRST_EMAIL = "editor@newsapp.example"  # .example belongs to nobody, so no letter to it can go astray
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another


class PersonError(ValueError):
    """Nobody can be added or found like that; the message says why."""


def first_editor() -> tuple[str, str] | None:
    """Make the roles, and on an empty desk its first person, who may do all. Returns e-mail and password, shown this once."""
    with writes():
        make_roles()
        found = db.session.scalar(select(User.id).limit(1))
        password = None if found else add(FIRST_EMAIL, [name for name, _ in ROLES])
        db.session.commit()
    return (FIRST_EMAIL, password) if password else None


def make_roles() -> None:
    known: set[str] = set(db.session.scalars(select(Role.name)))
    db.session.add_all(Role(name=name, description=text) for name, text in ROLES if name not in known)
    db.session.flush()


def add(email: str, role_names: Sequence[str]) -> str:
    """Add a person in the open transaction. Returns the password. Raises PersonError."""
    address = clean_email(email)
    if find(address):
        raise PersonError(f"{address} is here already.")
    password = readable_password()
    roles = list(db.session.scalars(select(Role).where(Role.name.in_(role_names))))
    db.session.add(User(email=address, password=hashed(password), active=True, fs_uniquifier=uuid4().hex, roles=roles))
    return password


def renew_password(email: str) -> str:
    """Give a person a new password in the open transaction; who is signed in with the old one is no longer. Raises PersonError."""
    person = find(clean_email(email))
    if person is None:
        raise PersonError(f"Nobody here has the e-mail {email}.")
    password = readable_password()
    set_password(person, password)
    return password


def set_password(person: User, password: str) -> None:
    """Give a password in the open transaction, and end the sessions that began with the one before it."""
    person.password = hashed(password)  # type: ignore[assignment]
    person.fs_uniquifier = uuid4().hex  # type: ignore[assignment]


def find(email: str) -> User | None:
    found: User | None = db.session.scalar(select(User).where(User.email == email))
    return found


def everybody() -> list[User]:
    return list(db.session.scalars(select(User).order_by(User.email)))


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
    return PasswordHasher().hash(normal(password))


def normal(password: str) -> str:
    """The same letters in the same code points, whatever keyboard they come from; signing in does likewise."""
    return unicodedata.normalize("NFKD", password)
