"""Previews: a story before readers see it, by whom works on it or by who has a secret link, and the whole site at another moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from newsapp import languages
from newsapp.database import db, now, writes
from newsapp.delivery.page import AT, cacheable
from newsapp.desk import writing
from newsapp.desk.forms import ArticleForm
from newsapp.desk.loaders import sections, workable, zone
from newsapp.desk.naming import slug_of
from newsapp.desk.writing import shown_moment
from newsapp.media.files import keep, media_folder
from newsapp.news import files
from newsapp.news.models import LIVE, Article
from newsapp.news.paper import paper
from newsapp.news.story import story_page, whole_article
from newsapp.publishing import secret_links
from newsapp.publishing.forms import MomentForm
from newsapp.publishing.staging import READERS, Stage
from newsapp.revisions.pictures import recalled

Answer = Response | str | tuple[str, int]
previews = Blueprint("previews", __name__, url_prefix="/desk/preview")
MOMENT = "%Y%m%dT%H%M%SZ"
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow"}
DESK_MEDIA = "/desk/media/"
AS_IT_IS = {404: "news/not_found.html", 410: "news/gone.html"}


# One story


@previews.get("/articles/<int:article_id>")
@cacheable()
def saved(article_id: int) -> Response:
    """A story as it was saved."""
    workable(article_id)
    return shown(article_id, now(), DESK_MEDIA, "saved")


@previews.post("/articles")
@previews.post("/articles/<int:article_id>")
@cacheable()
def unsaved(article_id: int | None = None) -> Answer:
    """A story as it is typed: written, shown and rolled back, so that nothing of it stays."""
    article = workable(article_id) if article_id else None
    form, at = ArticleForm().offer(sections(), article, zone()), now()
    if not form.validate_on_submit():
        return render_template("publishing/no_preview.html", form=form), 422
    kept = keep(form.image, slug_of(form.slug.data or form.headline.data), media_folder(current_app.config)) if form.image else None
    kept = kept or recalled(form.kept_picture.data)
    db.session.rollback()
    try:
        with writes():
            article = workable(article_id) if article_id else Article()
            article_id = writing.write(article, {**form.data, "version": article.version}, kept, zone(), at).id
        return shown(article_id, at, DESK_MEDIA, "unsaved")
    finally:
        db.session.rollback()


@previews.get("/shared/<secret>")
@cacheable()
def shared(secret: str) -> Answer:
    """A story for who has a secret link, without signing in."""
    found = secret_links.article_behind(secret, now())
    if found is None:
        return private(make_response(render_template("publishing/over.html"), 404))
    return shown(found, now(), url_for("previews.shared_media", secret=secret, name=""), "shared")


@previews.get("/shared/<secret>/media/", defaults={"name": ""})
@previews.get("/shared/<secret>/media/<path:name>")
def shared_media(secret: str, name: str) -> Response:
    if secret_links.article_behind(secret, now()) is None:
        abort(404)
    return private(files.media(name))


def shown(article_id: int, at: datetime, media: str, how: str) -> Response:
    """The page of a story in any state, as it will stand there when it goes out."""
    article = whole_article("id", article_id) or abort(404)
    with db.session.no_autoflush:
        db.session.flush()
        db.session.expunge(article)
    article.published_at = article.published_at or at
    moment = max(at, article.published_at)
    with languages.speaking(paper()["language"]):
        page = story_page(article, moment)
    return on_stage(page, moment, current_app.config["SITE_URL"], media, how, article=article)


# The site at another moment


@previews.get("/site")
def choose_moment() -> Answer:
    """The moment is typed; what the clock turns next is offered."""
    form = MomentForm(formdata=request.args if "at" in request.args else None, data={"at": shown_moment(now(), zone())}).in_zone(zone())
    if "at" in request.args and form.validate():
        return redirect(url_for("previews.site_at", moment=named(form.moment())))
    return render_template("publishing/choose_moment.html", form=form, coming=coming(now()), named=named, zone=zone(), at=now())


@previews.get("/site/<moment>/", defaults={"path": ""})
@previews.get("/site/<moment>/<path:path>")
@cacheable(params=("page",))
def site_at(moment: str, path: str) -> Response:
    """A page of the site as readers will find it, or found it, at a moment; as far as what is known now tells."""
    at = moment_named(moment)
    request.environ[AT] = at
    links = url_for("previews.site_at", moment=moment).rstrip("/")
    try:
        with languages.speaking(paper()["language"]):
            answer = as_readers(path)
    except LookupError:
        answer = make_response(render_template("publishing/not_in_preview.html", links=links), 404)
    if answer.location and answer.location.startswith("/"):
        answer.location = links + answer.location
    return on_stage(answer, at, links, DESK_MEDIA, "site")


def as_readers(path: str) -> Response:
    """What a reader would be told. Raises LookupError for pages that know no other moment."""
    try:
        return make_response(READERS.answer(f"/{path}"))
    except HTTPException as error:
        return refused(error)


def refused(error: HTTPException) -> Response:
    """What a reader would be told."""
    if error.response is not None:
        return make_response(error.response)
    template = AS_IT_IS.get(error.code or 0)
    return make_response(render_template(template), error.code) if template else make_response(error.get_response())


def coming(at: datetime) -> list[tuple[datetime, str, str]]:
    """(when, what, headline) of the next turns of the clock."""
    found: list[tuple[datetime, str, str]] = []
    for column, word in ((Article.published_at, "goes out"), (Article.expires_at, "ends")):
        query = select(column, Article.headline).where(Article.state == LIVE, column > at).order_by(column).limit(10)
        found += [(moment, word, headline) for moment, headline in db.session.execute(query) if moment]
    return sorted(found)[:10]


def named(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(MOMENT)


def moment_named(text: str) -> datetime:
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        abort(404)


# The stage


def on_stage(answer: Response, at: datetime, links: str, media: str, how: str, **more: Any) -> Response:
    """A reader's page, finished for the desk's listener."""
    if answer.mimetype == "text/html" and not answer.location:
        banner = render_template("publishing/_banner.html", how=how, at=at, zone=zone(), now=now(), **more)
        stage = Stage(at, links, media, banner, current_app.jinja_env.globals["asset"]("css/preview.css"))  # type: ignore[operator]
        answer.set_data(stage.finish(answer.get_data()))
    return private(answer)


def private(answer: Response) -> Response:
    """Nobody keeps it, and no search engine takes it in."""
    answer.headers.update(PRIVATE)
    return answer
