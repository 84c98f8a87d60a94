"""The articles of the desk: the list, the form, and what makes or removes a state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk import lists, writing
from newsapp.desk.forms import ArticleForm
from newsapp.desk.models import ROLES
from newsapp.desk.naming import slug_of
from newsapp.desk.pictures import keep, media_folder
from newsapp.desk.roles import allowed
from newsapp.desk.welcome import is_unnamed
from newsapp.news import dates, files
from newsapp.news.models import TAKEN_DOWN, Article, Section, article_path
from newsapp.saving import saving
from newsapp.settings.store import change, effective, stored

Answer = Response | str | tuple[str, int]
Turn = Callable[[Article, datetime], None]

desk = Blueprint("desk", __name__, url_prefix="/desk")
for formatter in dates.FILTERS:
    desk.add_app_template_filter(formatter)


def zone() -> ZoneInfo:
    return dates.zone(effective(stored()[1], "site")["time_zone"])


def sections() -> list[Section]:
    return list(db.session.scalars(select(Section).order_by(Section.position, Section.name)))


def found(article_id: int) -> Article:
    """The article, or 404."""
    return writing.load(article_id) or abort(404)


def workable(article_id: int) -> Article:
    """The article if it can still be worked on; 409 when it was taken down."""
    article = found(article_id)
    return abort(409, "This article was taken down. Nothing can be changed any more.") if article.state == TAKEN_DOWN else article


@desk.get("/start")
@allowed(*(name for name, _ in ROLES))
def start() -> Response:
    """Where signing in leads: to the first run, or to one's own work."""
    if current_user.has_role("admin") and is_unnamed():
        return redirect(url_for("welcome.welcome"))
    works_on_words = current_user.has_role("editor") or current_user.has_role("admin")
    return redirect(url_for("desk.articles" if works_on_words else "operations.board"))


@desk.get("/")
@allowed("editor")
def articles() -> str:
    at, shelf = now(), lists.BY_SLUG.get(request.args.get("state", "all")) or abort(404)
    words, number = request.args.get("q", "").strip(), max(1, request.args.get("page", 1, type=int))
    return render_template(
        "desk/list.html", sheet=lists.sheet(shelf, words, number, at), shelf=shelf, shelves=lists.SHELVES, sizes=lists.shelf_sizes(at),
        words=words, shelf_of=lists.shelf_of, at=at, zone=zone(), article_path=article_path,
    )  # fmt: skip


@desk.get("/articles/new")
@allowed("editor")
def new() -> Answer:
    return edit_page(ArticleForm(formdata=None, data={"section": request.args.get("section", type=int)}), None)


@desk.get("/articles/<int:article_id>")
@allowed("editor")
def edit(article_id: int) -> Answer:
    article = found(article_id)
    if article.state == TAKEN_DOWN:
        return render_template("desk/taken_down.html", article=article, zone=zone())
    return edit_page(ArticleForm(formdata=None, data=typed_of(article)), article)


@desk.post("/articles")
@allowed("editor")
def create() -> Answer:
    return save(None, None)


@desk.post("/articles/<int:article_id>")
@allowed("editor")
def change_article(article_id: int) -> Answer:
    return save(article_id, None)


@desk.post("/articles/publication")
@allowed("editor")
def create_and_publish() -> Answer:
    return save(None, writing.publish)


@desk.post("/articles/<int:article_id>/publication")
@allowed("editor")
def publish(article_id: int) -> Answer:
    return save(article_id, writing.publish)


@desk.post("/articles/<int:article_id>/spike")
@allowed("editor")
def spike(article_id: int) -> Response:
    return turned(article_id, writing.spike, "Spiked: readers find nothing at its address, and it is kept here.")


@desk.post("/articles/<int:article_id>/spike/removal")
@allowed("editor")
def unspike(article_id: int) -> Response:
    return turned(article_id, writing.unspike, "Back among the drafts. Publish it when it may go out.")


@desk.get("/articles/<int:article_id>/takedown")
@allowed("editor")
def ask_takedown(article_id: int) -> str:
    return render_template("desk/takedown.html", article=workable(article_id))


@desk.post("/articles/<int:article_id>/takedown")
@allowed("editor")
def take_down(article_id: int) -> Response:
    if not request.form.get("sure"):
        return redirect(url_for("desk.ask_takedown", article_id=article_id))
    return turned(article_id, writing.take_down, "Taken down for good. Its text is no longer kept.")


@desk.get("/media/<path:name>")
@allowed("editor")
def media(name: str) -> Response:
    """A picture as readers get it, but of drafts too, and kept by this browser alone."""
    answer = files.media(name)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def typed_of(article: Article) -> dict[str, Any]:
    """An article as its form shows it."""
    picture = article.picture
    return {
        **{name: getattr(article, name) for name in ("version", "slug", "body", *writing.PLAIN)},
        "section": article.section_id,
        "tags": ", ".join(tag.name for tag in article.tags),
        "bylines": ", ".join(author.name for author in article.authors),
        "alt": picture.alt if picture else "",
        "credit": picture.credit if picture else "",
        "publish_at": writing.shown_moment(article.published_at, zone()) if article.published_at else None,
        "protection_mode": mode_of(article.id),
    }


def mode_of(article_id: int | None) -> str:
    """The article's own copy policy; empty when it inherits."""
    return str(stored()[1].get(f"article:{article_id}", {}).get("protection_mode", ""))


def edit_page(form: ArticleForm, article: Article | None, status: int = 200, theirs: Article | None = None) -> Answer:
    """The form, with what somebody else saved beside it when there is such."""
    at = now()
    form.offer(sections(), article)
    page = render_template(
        "desk/edit.html", form=form, article=article, theirs=theirs, at=at, zone=zone(),
        shelf=lists.shelf_of(article, at) if article else None, fixed=bool(article and writing.has_fixed_address(article, at)),
        address=current_app.config["SITE_URL"] + article_path(article.section.slug, article.slug) if article else "",
    )  # fmt: skip
    return page, status


def save(article_id: int | None, then: Turn | None) -> Answer:
    """Keep what was typed, and then do what was asked with it, in one transaction."""
    article = workable(article_id) if article_id else None
    form = ArticleForm().offer(sections(), article)
    if not form.validate_on_submit():
        return edit_page(form, article, 422)
    jobs = ("refresh_site", "refresh_settings") if form.protection_mode.data != mode_of(article_id) else ("refresh_site",)
    kept = keep(form.image, slug_of(form.slug.data or form.headline.data), media_folder(current_app.config)) if form.image else None
    at, here = now(), zone()
    try:
        with saving(*jobs):
            article = writing.write(workable(article_id) if article_id else Article(), form.data, kept, here, at)
            change(f"article:{article.id}", "protection_mode", form.protection_mode.data or None, current_user.email)
            if then:
                then(article, at)
    except (writing.StaleSave, StaleDataError):
        theirs = found(article_id or 0)
        form.version.data = theirs.version
        return edit_page(form, theirs, 409, theirs)
    flash(said(article, at))
    return redirect(url_for("desk.edit", article_id=article.id))


def said(article: Article, at: datetime) -> str:
    """What a save did, in a sentence."""
    if article.is_live(at):
        return "Saved. Readers have it in a second."
    if article.is_embargoed(at) and article.published_at:
        return f"Saved. It goes out on {dates.day(article.published_at, zone())} at {dates.clock(article.published_at, zone())}."
    return "Saved. Only the desk sees it."


def turned(article_id: int, turn: Turn, words: str) -> Response:
    with saving("refresh_site"):
        turn(workable(article_id), now())
    flash(words)
    return redirect(url_for("desk.edit", article_id=article_id))
