"""The first run: the name of the paper and what else it cannot do without."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_security import current_user
from sqlalchemy import exists, select
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.desk.forms import WelcomeForm
from newsapp.news.paper import paper
from newsapp.saving import saving
from newsapp.settings.forms import tongues, zones
from newsapp.settings.models import SettingChange
from newsapp.settings.store import change

NAMES = ("site_name", "time_zone", "language", "chief_email")

first_run = Blueprint("welcome", __name__, url_prefix="/desk/welcome")


def is_unnamed() -> bool:
    """Whether nobody has decided on the paper's name yet."""
    return not db.session.scalar(select(exists().where(SettingChange.scope == "site", SettingChange.name == "site_name")))


@first_run.get("")
def welcome() -> str:
    values = paper()
    return welcome_page(WelcomeForm(formdata=None, data={name: values[name] for name in NAMES}))


def welcome_page(form: WelcomeForm) -> str:
    return render_template("desk/welcome.html", form=form, zones=zones(), tongues=tongues())


@first_run.post("")
def settle() -> Response | tuple[str, int]:
    form = WelcomeForm()
    if not form.validate_on_submit():
        return welcome_page(form), 422
    with saving("refresh_settings", "refresh_site"):
        for name in NAMES:
            change("site", name, form[name].data or "", current_user.email)
        if is_unnamed():  # the name that stood there was kept: that is a decision too
            db.session.add(SettingChange(scope="site", name="site_name", value=form.site_name.data, editor=current_user.email))
    flash(f"{form.site_name.data} is ready. Write the first story, or look around.")
    return redirect(url_for("desk.articles"))
