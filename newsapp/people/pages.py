"""The people of the desk, for admins: who is here, what each may do, and who is invited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from flask_security import current_user
from flask_security.recoverable import generate_reset_password_token
from werkzeug.wrappers import Response

from newsapp.audit import deeds
from newsapp.database import db, now
from newsapp.desk.loaders import zone
from newsapp.news.paper import paper
from newsapp.people import invitations, letters, sessions, staff
from newsapp.people.forms import InvitationForm, RolesForm
from newsapp.people.letters import LetterError
from newsapp.people.models import Invitation, User
from newsapp.people.rights import RIGHTS, ROLES
from newsapp.people.staff import PersonError
from newsapp.saving import saving

people = Blueprint("people", __name__, url_prefix="/desk/people")
Answer = Response | str | tuple[str, int]


@people.get("")
def everybody() -> Answer:
    return people_page(InvitationForm(formdata=None, data={"roles": ["writer"]}))


@people.post("/invitations")
def invite() -> Answer:
    form = InvitationForm()
    if not form.validate_on_submit():
        return people_page(form), 422
    try:
        with saving():
            invitation = invitations.invite(form.email.data, form.roles.data, by(), now())
    except PersonError as error:
        form.email.errors = [str(error)]
        return people_page(form), 422
    return mailed(invitation)


@people.post("/invitations/<int:invitation_id>/renewal")
def invite_again(invitation_id: int) -> Answer:
    sender = by()
    with saving():
        invitation = invitations.renewed(wanted(Invitation, invitation_id), sender, now())
    return mailed(invitation)


@people.post("/invitations/<int:invitation_id>/withdrawal")
def withdraw(invitation_id: int) -> Answer:
    with saving():
        db.session.delete(wanted(Invitation, invitation_id))
    flash("Withdrawn: the link is good no more.")
    return redirect(url_for("people.everybody"))


@people.post("/test-letter")
def test_letter() -> Answer:
    """Send the admin a letter, and say exactly what went wrong."""
    try:
        letters.send(by(), f"A test letter from {paper()['site_name']}", "The desk can send letters.")
    except LetterError as error:
        flash(str(error), "error")
    else:
        flash(f"{current_app.config['MAIL_SERVER']} took a letter to {by()}. Look whether it arrives; if not, it may be among the unwanted ones.")
    return redirect(url_for("people.everybody"))


@people.get("/<int:person_id>")
def person(person_id: int) -> Answer:
    return person_page(wanted(User, person_id))


@people.post("/<int:person_id>/roles")
def change_roles(person_id: int) -> Answer:
    form = RolesForm()
    if not form.validate_on_submit():
        return person_page(wanted(User, person_id)), 422
    return changed(person_id, lambda person: staff.give_roles(person, form.roles.data), "Saved.")


@people.post("/<int:person_id>/deactivation")
def deactivate(person_id: int) -> Answer:
    return changed(person_id, staff.deactivate, "Shut out: signing in is no longer possible, and all sessions are ended.")


@people.post("/<int:person_id>/deactivation/removal")
def reactivate(person_id: int) -> Answer:
    return changed(person_id, lambda person: setattr(person, "active", True), "Back: the old password and passkeys are good again.")


@people.post("/<int:person_id>/sessions/end")
def end_sessions(person_id: int) -> Answer:
    return changed(person_id, sign_out, "Signed out everywhere.")


@people.post("/<int:person_id>/second-factor/removal")
def drop_second_factor(person_id: int) -> Answer:
    """For who has lost the telephone."""
    return changed(person_id, forget_factors, "Authenticator app, recovery codes and passkeys are removed; the password alone is enough now.")


@people.post("/<int:person_id>/reset-link")
def reset_link(person_id: int) -> Answer:
    """A link for a new password, to hand over; the one that a letter would have."""
    token = generate_reset_password_token(wanted(User, person_id))  # type: ignore[no-untyped-call]
    with saving():
        deeds.say("person", f"person:{person_id}", wanted(User, person_id).email, "a link for a new password made")
    flash(current_app.config["DESK_URL"] + url_for("security.reset_password", token=token), "link")
    return redirect(url_for("people.person", person_id=person_id))


def sign_out(person: User) -> None:
    staff.end_sessions(person)
    deeds.say("session", f"person:{person.id}", str(person.email), "signed out everywhere")


def forget_factors(person: User) -> None:
    deeds.say("person", f"person:{person.id}", str(person.email), "second factor taken away")
    person.tf_totp_secret = person.tf_primary_method = None  # type: ignore[assignment]
    person.mf_recovery_codes = []  # type: ignore[assignment]
    for passkey in list(person.webauthn):
        db.session.delete(passkey)


def changed(person_id: int, change: Callable[[User], Any], words: str) -> Answer:
    """Change a person, and say what was done or why it was not."""
    try:
        with saving():
            change(wanted(User, person_id))
    except PersonError as error:
        flash(str(error), "error")
    else:
        flash(words)
    return redirect(url_for("people.person", person_id=person_id))


def mailed(invitation: Invitation) -> Answer:
    """Send the invitation where letters can be sent, and show its link in any case."""
    email, link = invitation.email, invitations.link(invitation)
    try:
        letters.send(email, f"Your invitation to {paper()['site_name']}", invitations.letter(invitation, paper()["site_name"]))
    except LetterError as error:
        flash(f"Invited. No letter went out: {error} Hand the link over yourself; it is good once, for seven days.", "error")
    else:
        flash(f"Invited: a letter to {email} is on its way. Its link is good once, for seven days.")
    flash(link, "link")
    return redirect(url_for("people.everybody"))


def wanted(model: type[Any], number: int) -> Any:
    return db.session.get(model, number) or abort(404)


def by() -> str:
    return str(current_user.email)


def people_page(form: InvitationForm) -> str:
    return render_template(
        "people/everybody.html", everybody=staff.everybody(), form=form, pending=invitations.pending(), link=invitations.link, roles=ROLES,
        rights=RIGHTS, can_send=letters.can_send(), zone=zone(), at=now(),
    )  # fmt: skip


def person_page(person: User) -> str:
    form = RolesForm(formdata=None, data={"roles": person.role_names})
    return render_template("people/person.html", who=person, form=form, roles=ROLES, sessions=sessions.of(int(person.id)), zone=zone())
