"""Your account: the name, how one signs in, and the browsers that are signed in."""

from __future__ import annotations

import io

import qrcode
import qrcode.image.svg
from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, session, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as Redirect

from newsapp.desk.loaders import zone
from newsapp.people import sessions
from newsapp.people.door import SESSION
from newsapp.people.forms import NameForm
from newsapp.people.models import User
from newsapp.people.sessions import hash_of
from newsapp.saving import saving

account = Blueprint("account", __name__, url_prefix="/desk/account")


@account.get("")
def show() -> str:
    return account_page(NameForm(formdata=None, data={"name": current_user.name}))


@account.post("/name")
def rename() -> Redirect | tuple[str, int]:
    form = NameForm()
    if not form.validate_on_submit():
        return account_page(form), 422
    with saving():
        myself().name = form.name.data
    flash("Saved.")
    return redirect(url_for("account.show"))


@account.post("/sessions/<session_id>/end")
def drop_session(session_id: str) -> Redirect:
    person_id = current_user.id
    with saving():
        was_there = sessions.end(session_id, person_id)
    flash("Signed out there." if was_there else "That session was over already.")
    return redirect(url_for("account.show"))


@account.post("/sessions/end")
def drop_others() -> Redirect:
    person_id = current_user.id
    with saving():
        ended = sessions.end_others(session.get(SESSION, ""), person_id)
    flash(f"Signed out in {ended} other {'browser' if ended == 1 else 'browsers'}.")
    return redirect(url_for("account.show"))


@account.get("/codes.svg")
def qr() -> Response:
    """The picture that an authenticator app scans, while one is being set up."""
    secret = session.get("tf_totp_secret") or abort(404)
    address = current_app.extensions["security"].totp_factory.get_totp_uri(current_user.email, secret)
    content = io.BytesIO()
    qrcode.make(address, image_factory=qrcode.image.svg.SvgPathFillImage).save(content)
    return Response(content.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def myself() -> User:
    person: User = current_user._get_current_object()
    return person


def account_page(form: NameForm) -> str:
    return render_template(
        "people/account.html", form=form, sessions=sessions.of(current_user.id), here=hash_of(session.get(SESSION, "")), zone=zone(),
        codes=current_app.extensions["security"].mf_recovery_codes_util.get_recovery_codes(current_user),
    )  # fmt: skip
