"""Where an invitation leads: a name, and a password or a passkey."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import login_user
from werkzeug.wrappers import Response

from newsapp.audit import deeds
from newsapp.database import now
from newsapp.people.forms import InvitedForm
from newsapp.people.invitations import behind, take_up
from newsapp.people.models import Invitation
from newsapp.people.staff import PersonError, hashed
from newsapp.saving import saving

invited = Blueprint("invited", __name__, url_prefix="/desk/invited")
Answer = Response | str | tuple[str, int]


@invited.get("/<token>")
def ask(token: str) -> Answer:
    invitation = behind(token, now())
    return welcome_page(InvitedForm(formdata=None), invitation, token) if invitation else (render_template("people/over.html"), 410)


@invited.post("/<token>")
def accept(token: str) -> Answer:
    invitation = behind(token, now())
    if invitation is None:
        return render_template("people/over.html"), 410
    form, with_passkey = InvitedForm(), request.form.get("with") == "passkey"
    form.email = invitation.email
    named = form.validate_on_submit()
    if not ((with_passkey or form.check_password()) and named):
        return welcome_page(form, invitation, token), 422
    return come_in(form, invitation, with_passkey)


def come_in(form: InvitedForm, invitation: Invitation, with_passkey: bool) -> Answer:
    """Make the person, sign it in, and lead to the passkey that it wants to have."""
    deed = deeds.current()
    assert deed is not None
    deed.who, password = invitation.email, "" if with_passkey else hashed(form.password.data)
    try:
        with saving():
            person = take_up(invitation, form.name.data)
            person.password = password or None  # type: ignore[assignment]
    except PersonError:
        return render_template("people/over.html"), 410
    login_user(person, authn_via=["invitation"])
    flash("Welcome. Now make your passkey." if with_passkey else f"Welcome, {person.called}.")
    return redirect(url_for("security.wan_register" if with_passkey else "desk.start"))


def welcome_page(form: InvitedForm, invitation: Invitation, token: str) -> str:
    return render_template("people/invited.html", form=form, invitation=invitation, token=token)
