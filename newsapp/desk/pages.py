"""The articles of the desk: the list, the form, and what makes or removes a state."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk import filters, lists
from newsapp.desk.editing import acting, ask_review, edit_page, revised, save, signed, turned, typed_of
from newsapp.desk.forms import ArticleForm
from newsapp.desk.loaders import Answer, found, me, sections, workable, zone
from newsapp.desk.saved_lists import kept_by
from newsapp.desk.welcome import is_unnamed
from newsapp.news import dates, files, translations
from newsapp.news.models import TAKEN_DOWN, Section, article_path
from newsapp.news.paper import paper
from newsapp.news.share_drawing import drawn
from newsapp.news.share_pictures import SharePicture
from newsapp.news.shared import host
from newsapp.people.door import opens
from newsapp.publishing import turns
from newsapp.publishing.actions import BY_NAME
from newsapp.publishing.panel import FILTERS
from newsapp.revisions import unsaved
from newsapp.revisions.head import at_articles, refilled
from newsapp.search import keeping
from newsapp.traffic.releasing import held_events

desk = Blueprint("desk", __name__, url_prefix="/desk")
for formatter in (*dates.FILTERS, *FILTERS, translations.own_name):
    desk.add_app_template_filter(formatter)


@desk.get("/start")
def start() -> Response:
    """Where signing in leads: to the first run, or to one's own work."""
    if current_user.has_role("admin") and is_unnamed():
        return redirect(url_for("welcome.welcome"))
    own = next((endpoint for endpoint in ("desk.articles", "operations.board") if opens(endpoint)), "account.show")
    return redirect(url_for(own))


@desk.get("/")
def articles() -> str:
    at, shelf = now(), lists.BY_SLUG.get(request.args.get("state", "all")) or abort(404)
    asked, number = filters.asked_of(request.args, zone()), max(1, request.args.get("page", 1, type=int))
    sheet = lists.sheet(shelf, asked.condition, number, at)
    last = turns.latest(article.id for article in sheet.articles)
    return render_template(
        "desk/list.html", sheet=sheet, turns=last, actions=BY_NAME, shelf=shelf, shelves=lists.SHELVES, shelf_of=lists.shelf_of,
        sizes=lists.shelf_sizes(asked, at), asked=asked, filters=filters.FILTERS, query_of=filters.query_of, all_sections=sections(),
        kept=kept_by(current_user.id), unread=keeping.waiting(), at=at, zone=zone(), article_path=article_path,
        held=held_events(at, lists.LATELY), here=at_articles(current_app.extensions["redis_desk"], current_user.id, at),
        waiting=[(row, unsaved.headline_of(row)) for row in unsaved.of_person(current_user.id)],
    )  # fmt: skip


@desk.get("/articles/new")
def new() -> Answer:
    if row := unsaved.own(request.args.get("unsaved"), current_user.id):
        return edit_page(refilled(ArticleForm, row), None)
    return edit_page(ArticleForm(formdata=None, data={"section": request.args.get("section", type=int)}), None)


@desk.get("/articles/<int:article_id>")
def edit(article_id: int) -> Answer:
    article = found(article_id)
    if article.state == TAKEN_DOWN:
        return render_template("desk/taken_down.html", article=article, zone=zone())
    if row := unsaved.own(request.args.get("unsaved"), current_user.id):
        return edit_page(refilled(ArticleForm, row), article)
    return edit_page(ArticleForm(formdata=None, data=typed_of(article)), article)


@desk.post("/articles")
def create() -> Answer:
    return save(None, None)


@desk.post("/articles/<int:article_id>")
def change_article(article_id: int) -> Answer:
    return save(article_id, None)


@desk.post("/articles/publication")
def create_and_publish() -> Answer:
    return save(None, turns.publish)


@desk.post("/articles/<int:article_id>/publication")
def publish(article_id: int) -> Answer:
    return save(article_id, turns.publish)


@desk.post("/articles/review")
def create_for_review() -> Answer:
    return save(None, ask_review)


@desk.post("/articles/<int:article_id>/review")
def review(article_id: int) -> Answer:
    return save(article_id, ask_review)


@desk.post("/articles/<int:article_id>/spike")
def spike(article_id: int) -> Response:
    return turned(article_id, "spike", "Spiked: readers find nothing at its address, and it is kept here.")


@desk.post("/articles/<int:article_id>/spike/removal")
def unspike(article_id: int) -> Response:
    return turned(article_id, "unspike", "Back among the drafts. Publish it when it may go out.")


@desk.get("/articles/<int:article_id>/takedown")
def ask_takedown(article_id: int) -> str:
    return render_template("desk/takedown.html", article=workable(article_id))


@desk.post("/articles/<int:article_id>/takedown")
def take_down(article_id: int) -> Response:
    if not request.form.get("sure"):
        return redirect(url_for("desk.ask_takedown", article_id=article_id))
    with acting("refresh_site"):
        article = workable(article_id)
        with revised(article, "take_down", signed(now())):
            turns.take_down(article, me(), now())
    flash("Taken down for good. Its text is no longer kept.")
    return redirect(url_for("desk.edit", article_id=article_id))


@desk.get("/media/<path:name>")
def media(name: str) -> Response:
    """A picture as readers get it, but of drafts too, and kept by this browser alone."""
    answer = files.media(name)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


@desk.get("/share-picture")
def share_picture() -> Response:
    """What a link to a story without a picture would show of the words that are typed."""
    section = db.session.get(Section, request.args.get("section", 0, type=int))
    above = request.args.get("kicker", "").strip() or (section.name if section else "")
    picture = SharePicture("article", 0, request.args.get("headline", "").strip()[:300], above[:120], paper()["site_name"], host())
    return Response(drawn(picture), 200, {"Cache-Control": "private, max-age=3600"}, content_type="image/png")
