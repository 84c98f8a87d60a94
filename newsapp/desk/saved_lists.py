"""Lists of articles that editors keep by a name, each for themselves."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_security import current_user
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from newsapp.database import db
from newsapp.desk import lists
from newsapp.desk.filters import asked_of, query_of
from newsapp.desk.loaders import zone
from newsapp.desk.models import SavedList
from newsapp.news.words import tidy
from newsapp.saving import saving

saved_lists = Blueprint("saved_lists", __name__, url_prefix="/desk/lists")
MOST = 20  # lists that one person keeps


def kept_by(person_id: int) -> list[SavedList]:
    return list(db.session.scalars(select(SavedList).where(SavedList.person_id == person_id).order_by(func.lower(SavedList.name))))


@saved_lists.post("")
def keep() -> Response:
    """Keep the list that is looked at; another of the same name makes room for it."""
    arguments = dict(parse_qsl(request.form.get("query", "")))
    shelf, asked = lists.BY_SLUG.get(arguments.get("state", "all")) or abort(400), asked_of(arguments, zone())
    query, name = query_of(shelf.slug, asked.values), tidy(request.form.get("name"))[:60]
    if not name:
        flash("A list is kept by a name: type one.", "warn")
    elif len(query) > SavedList.query.type.length:
        flash("So much cannot be kept: leave some words out.", "warn")
    else:
        with saving():
            put(current_user.id, name, query)
    return redirect(url_for("desk.articles") + (f"?{query}" if query else ""))


def put(person_id: int, name: str, query: str) -> None:
    """Keep a list, in the open transaction."""
    present = kept_by(person_id)
    same = next((each for each in present if each.name.casefold() == name.casefold()), None)
    if same is None and len(present) >= MOST:
        flash(f"{MOST} lists are kept already. Let one go first.", "warn")
        return
    if same is None:
        db.session.add(SavedList(person_id=person_id, name=name, query=query))
    else:
        same.name, same.query = name, query
    flash(f"Kept as “{name}”, for you alone.")


@saved_lists.post("/<int:number>/removal")
def let_go(number: int) -> Response:
    with saving():
        kept = db.session.get(SavedList, number)
        if kept is None or kept.person_id != current_user.id:
            abort(404)
        flash(f"“{kept.name}” is no longer kept. Its articles are where they were.")
        db.session.delete(kept)
    return redirect(url_for("desk.articles"))
