"""Filing at the desk: tags, authors and redirects."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for

from newsapp.database import db
from newsapp.desk.lists import loaded
from newsapp.filing import bulk, many, names, redirects
from newsapp.filing.forms import MergeForm, NameForm, RedirectForm
from newsapp.filing.names import KINDS, Kind, NotDone
from newsapp.news.models import article_path
from newsapp.saving import saving

filing = Blueprint("filing", __name__, url_prefix="/desk")
filing.add_app_template_global(lambda: bulk.ACTIONS, "actions_at_once")
Answer = Any


def kind_of(slug: str) -> Kind:
    return names.BY_SLUG.get(slug) or abort(404)


def named_of(kind: Kind, number: int) -> Any:
    return db.session.get(kind.model, number) or abort(404)


def page_number() -> int:
    return max(1, request.args.get("page", 1, type=int))


@filing.get("/filing")
def start() -> Answer:
    return redirect(url_for("filing.list_names", slug="tags"))


# ---- tags and authors


@filing.get("/names/<slug>")
def list_names(slug: str) -> Answer:
    kind, words, number = kind_of(slug), request.args.get("q", "").strip(), page_number()
    lines, has_more = names.listed(kind, words, number)
    return render_template("filing/names.html", kind=kind, kinds=KINDS, lines=lines, has_more=has_more, words=words, number=number)


@filing.get("/names/<slug>/<int:number>")
def name(slug: str, number: int) -> Answer:
    kind = kind_of(slug)
    named = named_of(kind, number)
    return name_page(kind, named, NameForm(formdata=None, obj=named), MergeForm(formdata=None))


@filing.post("/names/<slug>/<int:number>")
def rename(slug: str, number: int) -> Answer:
    kind, form = kind_of(slug), NameForm()
    named = named_of(kind, number)
    if not form.validate_on_submit():
        return name_page(kind, named, form, MergeForm(formdata=None)), 422
    with saving("refresh_site"):
        names.rename(kind, named_of(kind, number), form.name.data, form.bio.data)
    flash("Saved. Readers have it in a second.")
    return redirect(url_for("filing.name", slug=slug, number=number))


@filing.post("/names/<slug>/<int:number>/merge")
def merge(slug: str, number: int) -> Answer:
    kind, form = kind_of(slug), MergeForm()
    named = named_of(kind, number)
    try:
        if not form.validate_on_submit():
            raise NotDone("Say which one it becomes.")
        with saving("refresh_site"):
            into = names.find(kind, form.into.data)
            moved = names.merge(kind, named_of(kind, number), into)
            flash(f"Merged into {into.name}: {moved} {'story' if moved == 1 else 'stories'} moved, and the old address leads there.")
            target = into.id
    except NotDone as refused:
        form.into.errors = [str(refused)]
        return name_page(kind, named, NameForm(formdata=None, obj=named), form), 422
    return redirect(url_for("filing.name", slug=slug, number=target))


@filing.post("/names/<slug>/<int:number>/removal")
def remove(slug: str, number: int) -> Answer:
    kind = kind_of(slug)
    if names.stories_of(kind, [number]) and not request.form.get("sure"):
        return redirect(url_for("filing.name", slug=slug, number=number, sure=1))
    with saving("refresh_site"):
        named = named_of(kind, number)
        names.touch_stories(kind, named)
        names.remove(kind, named)
    flash(f"The {kind.one} is gone.")
    return redirect(url_for("filing.list_names", slug=slug))


def name_page(kind: Kind, named: Any, form: NameForm, merging: MergeForm) -> str:
    stories = names.stories_of(kind, [named.id]).get(named.id, 0)
    sure = bool(request.args.get("sure"))
    return render_template("filing/name.html", kind=kind, named=named, form=form, merging=merging, stories=stories, sure=sure)


# ---- redirects


@filing.get("/redirects")
def list_redirects() -> Answer:
    return redirects_page(RedirectForm(formdata=None))


@filing.post("/redirects")
def make_redirect() -> Answer:
    form = RedirectForm()
    if not form.validate_on_submit():
        return redirects_page(form), 422
    try:
        with saving():
            made = redirects.make(form.old.data, form.new.data, current_app.config["SITE_URL"])
            flash(f"{made.path} leads there now.")
    except NotDone as refused:
        form.old.errors = [str(refused)]
        return redirects_page(form), 422
    return redirect(url_for("filing.list_redirects"))


@filing.post("/redirects/removal")
def remove_redirect() -> Answer:
    with saving():
        was_there = redirects.remove(request.form.get("old", ""))
    flash("It leads nowhere now." if was_there else "It was gone already.")
    return redirect(url_for("filing.list_redirects"))


def redirects_page(form: RedirectForm) -> str:
    words, number = request.args.get("q", "").strip(), page_number()
    found, has_more = redirects.listed(words, number)
    stories = {story.id: story for story in loaded([each.article_id for each in found if each.article_id])}
    return render_template(
        "filing/redirects.html", form=form, found=found, stories=stories, has_more=has_more, words=words, number=number, article_path=article_path
    )


filing.add_url_rule("/articles/bulk", view_func=many.many, methods=["POST"])
