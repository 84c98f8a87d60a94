"""Invitations: a link that lets one person in once, within a week."""

from __future__ import annotations

import secrets
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, select

from newsapp.database import db
from newsapp.people.models import INVITED_FOR, Invitation, User
from newsapp.people.staff import PersonError, clean_email, find, new, roles_of

LETTER = """You are invited to work at the desk of {paper}.

Open this link, and choose a name and a password or a passkey:
{link}

It is good once, until {until} UTC. If you did not expect this letter, do nothing.
"""


def invite(email: str, roles: list[str], by: str, at: datetime) -> Invitation:
    """Invite somebody, in the open transaction; who was invited already gets a new link. Raises PersonError."""
    address = clean_email(email)
    if find(address):
        raise PersonError(f"{address} is here already.")
    if not roles_of(roles):
        raise PersonError("Choose at least one role.")
    invitation = db.session.scalar(select(Invitation).where(Invitation.email == address)) or Invitation(email=address)
    invitation.roles = sorted(roles)
    db.session.add(renewed(invitation, by, at))
    db.session.flush()
    return invitation


def renewed(invitation: Invitation, by: str, at: datetime) -> Invitation:
    """The same invitation with a link of its own; the link before is good no more."""
    invitation.nonce, invitation.by, invitation.expires = secrets.token_hex(16), by, at + INVITED_FOR
    return invitation


def pending() -> list[Invitation]:
    return list(db.session.scalars(select(Invitation).order_by(Invitation.expires.desc())))


def link(invitation: Invitation) -> str:
    token = signer().dumps([invitation.id, invitation.nonce])
    return f"{current_app.config['DESK_URL']}/desk/invited/{token}"


def letter(invitation: Invitation, paper: str) -> str:
    return LETTER.format(paper=paper, link=link(invitation), until=f"{invitation.expires:%d %b %Y, %H:%M}")


def behind(token: str, at: datetime) -> Invitation | None:
    """The invitation that a link belongs to; None for one that is used, withdrawn, replaced, over or forged."""
    try:
        number, nonce = signer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return db.session.scalar(select(Invitation).where(Invitation.id == number, Invitation.nonce == nonce, Invitation.expires > at))


def take_up(invitation: Invitation, name: str) -> User:
    """Make the person and use the invitation up, in the open transaction. Raises PersonError when somebody was faster."""
    email, roles = invitation.email, list(invitation.roles)
    used = delete(Invitation).where(Invitation.id == invitation.id, Invitation.nonce == invitation.nonce)
    if db.session.execute(used, execution_options={"synchronize_session": False}).rowcount != 1:  # type: ignore[attr-defined]
        raise PersonError("This link was used already.")
    person = new(email, roles, name)
    db.session.flush()
    return person


def signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="invitation")
