"""What an opened form asks for by itself: keep unsaved text, tell who else is here, give back what was kept."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_security import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from newsapp.database import now
from newsapp.desk.editing import typed_of
from newsapp.desk.forms import ArticleForm
from newsapp.desk.loaders import found, workable, zone
from newsapp.news import dates
from newsapp.revisions import here, history, unsaved
from newsapp.revisions.contents import content_of
from newsapp.revisions.head import Head, colleagues, texts
from newsapp.revisions.pages import typed_in_form, words
from newsapp.saving import saving

opened_forms = Blueprint("opened_forms", __name__, url_prefix="/desk")
Json = dict[str, Any]


@opened_forms.post("/unsaved/<form_id>")
def keep(form_id: str) -> Json:
    """Keep what the form holds. The article and what readers see stay as they are."""
    article_id, at = request.form.get("article", type=int), now()
    if not unsaved.is_form_id(form_id):
        abort(404)
    if article_id:
        workable(article_id)
    with saving():
        if history.was_saved(form_id):  # sent before the save, received after it
            unsaved.drop(form_id, current_user.id)
            return {"saved": True}
        if not unsaved.keep(form_id, current_user.id, article_id, typed_in_form(), at):
            abort(404)
    return {"saved": False, "at": dates.clock(at, zone())}


@opened_forms.get("/unsaved")
def waiting() -> str:
    """The notices of one's own unsaved texts, for a form that is open already."""
    article_id, but = request.args.get("article", type=int), request.args.get("but", "")
    saved = content_of(article, typed_of(article)) if article_id and (article := found(article_id)) else {}
    head = Head([], texts(ArticleForm, current_user.id, article_id, saved, but), None, None, words())
    return render_template("desk/_unsaved.html", head=head, zone=zone(), article_id=article_id)


@opened_forms.get("/unsaved/<form_id>")
def reopen(form_id: str) -> Response:
    """To the form, filled with that text."""
    row = unsaved.own(form_id, current_user.id)
    if row is None:
        flash("That text is not kept any more.")
        return redirect(url_for("desk.articles"))
    if row.article_id:
        return redirect(url_for("desk.edit", article_id=row.article_id, unsaved=form_id))
    return redirect(url_for("desk.new", unsaved=form_id))


@opened_forms.post("/unsaved/<form_id>/removal")
def throw_away(form_id: str) -> Response:
    article_id = request.form.get("article", type=int)
    with saving():
        unsaved.drop(form_id, current_user.id)
    flash("Thrown away.")
    return redirect(url_for("desk.edit", article_id=article_id) if article_id else url_for("desk.articles"))


@opened_forms.get("/form-token")
def form_token() -> Json:
    """For a form that was opened before its person signed in again."""
    return {"token": generate_csrf()}


@opened_forms.post("/articles/<int:article_id>/presence")
def arrive(article_id: int) -> Json:
    """A sign of life; answers who else is here, and whether somebody saved since."""
    at, article = now(), found(article_id)
    here.arrive(current_app.extensions["redis_desk"], article_id, current_user.id, *opened(), at)
    others = colleagues(current_app.extensions["redis_desk"], article_id, current_user.id, at)
    newer = history.last_saved(article_id) if article.version != request.form.get("version", type=int) else None
    return {
        "here": [{"name": each.name, "since": dates.clock(each.since, zone())} for each in others],
        "newer": {"who": newer.who, "at": dates.clock(newer.at, zone())} if newer else None,
    }


@opened_forms.post("/articles/<int:article_id>/presence/removal")
def leave(article_id: int) -> Json:
    here.leave(current_app.extensions["redis_desk"], article_id, current_user.id, *opened())
    return {}


def opened() -> tuple[str, int]:
    """Which opened form asks, and since when it is open."""
    form_id = request.form.get("form_id", "")
    since = min(request.form.get("since", 0, type=int), int(now().timestamp()))
    return (form_id if unsaved.is_form_id(form_id) else "0" * 16), max(0, since)
