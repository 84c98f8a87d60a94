"""The public API: Most Viewed and the views of single stories, as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy import select

import newsapp
from newsapp.database import db, now
from newsapp.delivery.blocks import most_viewed_items
from newsapp.delivery.other_lists import Busy
from newsapp.delivery.page import cacheable, note, wanted
from newsapp.news.models import Article, Author, Section, Tag, article_path, live_at
from newsapp.settings.store import effective
from newsapp.traffic.article_views import views_of
from newsapp.traffic.asked import AVERAGE, SITE, VIEWS, Asked
from newsapp.traffic.openapi import document
from newsapp.traffic.operations import BY_NAME as OPERATIONS
from newsapp.traffic.operations import SCOPES, Operation, Refused
from newsapp.traffic.sums import hour_of
from newsapp.traffic.trend import log_weight, points
from newsapp.traffic.windows import BY_SLUG, WINDOWS

api = Blueprint("api", __name__)
MOST_VIEWED, ARTICLE_VIEWS = OPERATIONS["mostViewed"], OPERATIONS["articleViews"]
FRESH_FOR = 0.25  # seconds
STORY_FRESH_FOR = 5.0
SLUGS: dict[str, type[Section] | type[Tag] | type[Author]] = {"section": Section, "tag": Tag, "author": Author}


@api.get("/openapi.json")
@cacheable()
def openapi() -> Response:
    title = f"{settings()['site_name']}: public API"
    return note(jsonify(document(current_app.config["SITE_URL"], current_app.config["DESK_URL"], title, newsapp.__version__)), depends={"settings"})


@api.get(MOST_VIEWED.path)
@cacheable(params=MOST_VIEWED.params, seconds=FRESH_FOR)
def most_viewed() -> Response:
    given = asked_for(MOST_VIEWED)
    window, order = BY_SLUG[given["window"]], given["order"]
    asked = Asked(scope_of(given), window, given.get("published", ""), order if window.has_average else VIEWS)
    found = most_viewed_items(asked, int(given["limit"]))
    narrowed = {name: given.get(name) for name in (*SCOPES, "published")}
    items = [told(item, order) for item in found["items"]]
    answer = jsonify(window=window.slug, order=order, as_of=found["as_of"].isoformat(), items=items, **narrowed)
    return note(answer, valid_until=found["valid_until"], ends=found["ends"])


def asked_for(operation: Operation) -> dict[str, str]:
    """What the query gives and what stands for the rest, by name. Raises Refused."""
    named = [parameter for parameter in operation.parameters if parameter.default or parameter.name in request.args]
    return {parameter.name: parameter.clean(wanted(parameter.name, parameter.default)) for parameter in named}


def told(item: dict[str, Any], order: str) -> dict[str, Any]:
    """A line of a list as the API gives it."""
    line = {"id": item["id"], "url": current_app.config["SITE_URL"] + item["path"], "headline": item["headline"], "section": item["section_slug"]}
    figures = {name: item[name] for name in ("views", "score", "average", "pinned") if name in item}
    if order == AVERAGE and "views" in figures:  # of an hour and a day the average of a day is all there is
        figures.setdefault("average", figures["views"])
    return line | figures


def scope_of(given: dict[str, str]) -> str:
    """The scope that is asked for; the site's when none is. Raises Refused for one that is not there."""
    names = [name for name in SCOPES if name in given]
    if len(names) > 1:
        raise Refused(404, f"There is no list of {' and '.join(names)} at once; ask for one of them.")
    if not names:
        return SITE
    name = names[0]
    value = given[name]
    found = language_named(value) if name == "language" else id_of(SLUGS[name], value)
    if found is None:
        raise Refused(404, f"There is no {name} {value!r}.")
    return f"{name}-{found}"


def id_of(model: type[Section] | type[Tag] | type[Author], slug: str) -> int | None:
    return db.session.scalar(select(model.id).where(model.slug == slug))


def language_named(language: str) -> str | None:
    """The language, if the paper or any story is in it."""
    there = select(Article.id).where(Article.language == language, Article.language != "").limit(1)
    return language if language == settings()["language"] or db.session.scalar(there) else None


@api.get(ARTICLE_VIEWS.path.replace("{id}", "<article_id>"))
@cacheable(seconds=STORY_FRESH_FOR)
def article_views(article_id: str) -> Response:
    """What one story has in every window."""
    number = int(ARTICLE_VIEWS.parameters[0].clean(article_id))
    if settings()["public_views"] != "on":
        raise Refused(404, "This paper does not give out the views of single stories.")
    at = now()
    with db.engine.connect() as sql:
        story = sql.execute(
            select(Article.id, Article.slug, Article.headline, Article.published_at, Article.expires_at, Section.slug.label("section"))
            .join(Section, Section.id == Article.section_id)
            .where(Article.id == number, live_at(at))
        ).first()
        if story is None:
            raise Refused(404, f"There is no story {number}.")
        figures = {window.slug: views_of(sql, window, [number], at).get(number, 0) for window in WINDOWS}
        score = round(points(figures.pop("trend"), log_weight(sql, hour_of(at))), 1)
    url = current_app.config["SITE_URL"] + article_path(story.section, story.slug)
    shown = {"id": story.id, "url": url, "headline": story.headline, "published_at": story.published_at.isoformat()}
    return note(
        jsonify(**shown, as_of=at.isoformat(timespec="seconds"), views=figures, score=score),
        depends={f"article:{number}", "settings"},
        valid_until=story.expires_at,
    )


def settings() -> dict[str, Any]:
    return effective(current_app.extensions["memory"].read("settings")["values"], "site")


@api.errorhandler(Refused)
def refused(refusal: Refused) -> tuple[Response, int]:
    return jsonify(error=refusal.message), refusal.status


@api.errorhandler(Busy)
def busy(error: Busy) -> tuple[Response, int, dict[str, str]]:
    return jsonify(error="Many other lists are being made; ask again in a second."), 429, {"Retry-After": "1"}
