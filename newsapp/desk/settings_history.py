"""Every change of a setting, and the way back from each."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.desk.loaders import zone
from newsapp.desk.settings import places
from newsapp.saving import saving
from newsapp.settings import past
from newsapp.settings.models import SettingChange

settings_history = Blueprint("settings_history", __name__, url_prefix="/desk/settings/history")


@settings_history.get("")
def show() -> str:
    number = max(1, request.args.get("page", 1, type=int))
    steps, more = past.steps(number)
    return render_template(
        "desk/settings_history.html", steps=steps, more=more, number=number, places=places([step.entry for step in steps]), zone=zone(),
    )  # fmt: skip


@settings_history.post("/<int:revision>/undo")
def undo(revision: int) -> Response:
    editor = current_user.email
    try:
        with saving("refresh_settings", "refresh_site"):
            entry = db.session.get(SettingChange, revision) or abort(404)
            step = past.undo(entry, editor)
    except past.NotUndone as error:
        flash(str(error), "error")
    else:
        flash(f"Undone: {step.label} is {step.old} again.")
    return redirect(url_for("settings_history.show"))
