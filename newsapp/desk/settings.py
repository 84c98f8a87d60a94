"""The page of the settings: one form made of the records, and who changed what."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.desk.loaders import zone
from newsapp.desk.naming import slug_of
from newsapp.media import library
from newsapp.media.files import Kept, keep, media_folder
from newsapp.news.models import Article, Picture, Section
from newsapp.news.paper import paper
from newsapp.redis import RedisError
from newsapp.saving import saving
from newsapp.settings import accent
from newsapp.settings.forms import FILE, SettingsForm, groups, shown, told, tongues, zones
from newsapp.settings.models import SettingChange
from newsapp.settings.registry import BY_NAME, SETTINGS
from newsapp.settings.store import SETTINGS_COPY, change, history, stored

settings = Blueprint("settings", __name__, url_prefix="/desk/settings")
PICTURES = [setting.name for setting in SETTINGS if setting.kind == "picture"]
NAMES = [name for names in groups().values() for name in names]


@settings.get("")
def show() -> str:
    values = paper()
    data = {name: shown(BY_NAME[name], values[name]) for name in NAMES}
    return settings_page(SettingsForm(formdata=None, data={**data, "revision": site_revision()}))


@settings.post("")
def save() -> Response | tuple[str, int]:
    form = SettingsForm()
    if not form.validate_on_submit():
        return settings_page(form), 422
    if form.revision.data != str(site_revision()):
        form.revision.data = site_revision()
        return settings_page(form, stale=True), 409
    files = {name: file for name in PICTURES if (file := brought_file(form[name + FILE]))}
    with saving("refresh_settings", "refresh_site"):
        typed = {name: form[name].data if form[name].data is not None else "" for name in NAMES}
        typed |= {name: library.bring(file, alt=form.site_name.data).id for name, file in files.items()}
        changed = [name for name in NAMES if change("site", name, typed[name], current_user.email)]
    flash(f"Saved: {', '.join(BY_NAME[name].label for name in changed)}." if changed else "Nothing was changed.")
    return redirect(url_for("settings.show"))


def brought_file(field: Any) -> Kept | None:
    """The files of a picture that was brought with the form."""
    return keep(field.image, slug_of(PurePath(field.data.filename or "").stem or "logo"), media_folder(current_app.config)) if field.image else None


@settings.get("/reach")
def reach() -> Response:
    """The fragment that says how far the settings have come; polled until readers have them."""
    answer = make_response(render_template("desk/_reach.html", reach=reached()))
    answer.add_etag()
    return answer.make_conditional(request)


def settings_page(form: Any, stale: bool = False) -> str:
    entries = history(30)
    values = paper()
    return render_template(
        "desk/settings.html", form=form, groups=groups(), zones=zones(), tongues=tongues(), stale=stale, reach=reached(), history=entries,
        places=places(entries), records=BY_NAME, told=told, zone=zone(), pictures=PICTURES, accent=accent.accent_of(values["accent"]),
        shown_pictures={name: db.session.get(Picture, values[name]) for name in PICTURES if values[name]}, accent_paper=accent.papers(),
    )  # fmt: skip


def site_revision() -> int:
    """The last change of the site's own settings: a form opened before it must not undo it unseen."""
    return db.session.scalar(select(func.max(SettingChange.revision)).where(SettingChange.scope == "site")) or 0


def reached() -> str:
    """Whether readers' pages are made with the newest settings: "yes", "soon", or "database" when the copy cannot be asked for."""
    try:
        copy = SETTINGS_COPY.read(current_app.extensions["redis_desk"])
    except RedisError:
        return "database"
    return "yes" if (copy or {}).get("revision", 0) >= stored()[0] else "soon"


def places(entries: list[SettingChange]) -> dict[str, str]:
    """The names of the sections and articles that changes were made for, by scope."""
    names = {"site": "The paper"}
    for scope in {entry.scope for entry in entries} - {"site"}:
        kind, _, number = scope.partition(":")
        column: Any = Section.name if kind == "section" else Article.headline
        owner: Any = Section.id if kind == "section" else Article.id
        names[scope] = db.session.scalar(select(column).where(owner == int(number))) or scope
    return names
