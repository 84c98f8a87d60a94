"""One's own password: changed by who knows the old one; other sessions of the person end."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_security import current_user, login_user, verify_password
from werkzeug.wrappers import Response

from newsapp.desk.forms import PasswordForm
from newsapp.desk.models import ROLES
from newsapp.desk.people import normal, set_password
from newsapp.desk.roles import allowed
from newsapp.saving import saving

own_password = Blueprint("own_password", __name__, url_prefix="/desk/password")
ANYBODY = [name for name, _ in ROLES]


@own_password.get("")
@allowed(*ANYBODY)
def ask() -> str:
    return render_template("desk/password.html", form=PasswordForm(formdata=None))


@own_password.post("")
@allowed(*ANYBODY)
def change() -> Response | tuple[str, int]:
    form = PasswordForm()
    known = form.validate_on_submit() and verify_password(normal(form.current.data), current_user.password)
    if not known:
        form.current.errors = list(form.current.errors) or ([] if form.errors else ["This is not your password."])
        return render_template("desk/password.html", form=form), 422
    person = current_user._get_current_object()
    with saving():
        set_password(person, form.fresh.data)
    login_user(person, authn_via=["password"])
    flash("Your password is changed. Elsewhere you are signed out.")
    return redirect(url_for("desk.start"))
