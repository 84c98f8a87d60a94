"""The media library of the desk: look, bring, describe, replace, remove."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, url_for
from flask_limiter import Limiter
from flask_security import current_user
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.desk.naming import slug_of
from newsapp.media import library
from newsapp.media.files import Kept, keep, media_folder, removed
from newsapp.media.forms import FileForm, WordsForm
from newsapp.news.models import Picture
from newsapp.saving import saving

UPLOADS = "60 per minute; 600 per hour"  # of one person

Answer = Response | str | tuple[Any, int]
pictures = Blueprint("pictures", __name__, url_prefix="/desk/pictures")


def found(picture_id: int) -> Picture:
    return db.session.get(Picture, picture_id) or abort(404)


def kept_file(form: FileForm, upload: FileStorage) -> Kept:
    """The uploaded picture's variants in the media folder, named after the file."""
    return keep(form.image, slug_of(PurePath(upload.filename or "").stem or "picture"), media_folder(current_app.config))


def init_uploads(app: Flask, limiter: Limiter) -> None:
    """Nobody brings more pictures than a person can: each is decoded, which takes time."""
    for endpoint in ("pictures.bring", "pictures.replace"):
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = limiter.limit(UPLOADS, key_func=lambda: f"uploads:{current_user.id}", methods=["POST"])(view)


@pictures.get("/")
def shelves() -> str:
    which = library.BY_SLUG.get(request.args.get("show", "all")) or abort(404)
    words, number = request.args.get("q", "").strip(), max(1, request.args.get("page", 1, type=int))
    return render_template("desk/pictures.html", form=FileForm(formdata=None), which=which, words=words, **listed(which, words, number))


def listed(which: library.Filter, words: str, number: int) -> dict[str, Any]:
    return {"shelf": library.shelf(which, words, number), "filters": library.FILTERS}


@pictures.post("/")
def bring() -> Answer:
    """A new picture: the page of its words for a person, JSON for the editor's script."""
    form, program = FileForm(), "application/json" in request.headers.get("Accept", "")
    if not form.validate_on_submit():
        if program:
            return {"error": " ".join(error for errors in form.errors.values() for error in errors)}, 422
        which = library.BY_SLUG["all"]
        return render_template("desk/pictures.html", form=form, which=which, words="", **listed(which, "", 1)), 422
    kept = kept_file(form, form.file.data)
    with saving():
        picture = library.bring(kept, alt=form.alt.data, credit=form.credit.data)
    return (as_json(picture), 201) if program else redirect(url_for("pictures.show", picture_id=picture.id))


def as_json(picture: Picture) -> dict[str, Any]:
    """What the editor's script needs to show a picture."""
    width, address = picture.variants[-1]
    return {
        "id": picture.id, "src": address, "small": picture.variants[0][1], "width": width,
        "height": picture.height_at(width),
        **{name: getattr(picture, name) for name in ("name", "alt", "caption", "credit", "focus_x", "focus_y")},
    }  # fmt: skip


@pictures.get("/<int:picture_id>")
def show(picture_id: int) -> Answer:
    picture = found(picture_id)
    return picture_page(picture, WordsForm(formdata=None, obj=picture), FileForm(formdata=None))


def picture_page(picture: Picture, words: WordsForm, file: FileForm, status: int = 200) -> Answer:
    return render_template(
        "desk/picture.html",
        picture=picture,
        words=words,
        file=file,
        users=library.users_of(picture.id),
        pages=library.pages_with(picture.id),
        is_logo=library.is_logo(picture.id),
    ), status


@pictures.post("/<int:picture_id>")
def describe(picture_id: int) -> Answer:
    words = WordsForm()
    if not words.validate_on_submit():
        return picture_page(found(picture_id), words, FileForm(formdata=None), 422)
    with saving("refresh_site"):
        library.describe(found(picture_id), words.data)
    flash("Saved. It says so wherever it stands as a lead; words inside stories are theirs.")
    return redirect(url_for("pictures.show", picture_id=picture_id))


@pictures.post("/<int:picture_id>/file")
def replace(picture_id: int) -> Answer:
    file, picture = FileForm(), found(picture_id)
    if not file.validate_on_submit():
        return picture_page(picture, WordsForm(formdata=None, obj=picture), file, 422)
    kept, before = kept_file(file, file.file.data), (picture.name, picture.widths)
    if clash := library.other_of(kept.name, picture_id):
        flash(f"That is a picture of the library already, number {clash}. Use it in the stories instead.")
        return redirect(url_for("pictures.show", picture_id=picture_id))
    with saving("refresh_site", "refresh_settings"):  # it may be the logo
        library.replace(found(picture_id), kept)
    if before[0] != kept.name:
        removed(*before, media_folder(current_app.config))
    flash("Replaced, in every story that shows it.")
    return redirect(url_for("pictures.show", picture_id=picture_id))


@pictures.post("/<int:picture_id>/removal")
def remove(picture_id: int) -> Response:
    picture = found(picture_id)
    files = (picture.name, picture.widths)
    try:
        with saving():
            library.remove(found(picture_id))
    except library.InUse:
        abort(409, "Stories show this picture, or it is the logo. Take it out of them first, or replace it.")
    removed(*files, media_folder(current_app.config))
    flash("Removed, with its files.")
    return redirect(url_for("pictures.shelves"))
