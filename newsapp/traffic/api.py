"""The public API: Most Viewed as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify

from newsapp.delivery.blocks import most_viewed_items
from newsapp.delivery.page import cacheable, note, wanted
from newsapp.traffic.ranking import SITE, scope_of
from newsapp.traffic.windows import BY_SLUG

api = Blueprint("api", __name__, url_prefix="/api/v1")

MOST = 50
FRESH_FOR = 1.0  # seconds


@api.get("/most-viewed")
@cacheable(params=("window", "section", "limit"), seconds=FRESH_FOR)
def most_viewed() -> Response | tuple[Response, int]:
    """{window, section, as_of, items: [{id, url, headline, section, views}]}."""
    window, section, limit = wanted("window", "day"), wanted("section"), wanted("limit", "10")
    if window not in BY_SLUG:
        return wrong(f"window is one of {', '.join(BY_SLUG)}, not {window!r}")
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
        return wrong(f"limit is a number from 1 to {MOST}, not {limit!r}")
    found = most_viewed_items(scope_of_section(section), window, int(limit))
    items = [
        {"id": item["id"], "url": current_app.config["SITE_URL"] + item["path"], "headline": item["headline"],
         "section": item["section_slug"], "views": item["views"]}
        for item in found["items"]
    ]  # fmt: skip
    return note(jsonify(window=window, section=section or None, as_of=found["as_of"].isoformat(), items=items))


def scope_of_section(slug: str) -> str:
    """The scope of a section's lists; the site's for no slug. 404 for a section that is not there."""
    if not slug:
        return SITE
    sections = current_app.extensions["memory"].read("site")["sections"]
    section = next((section for section in sections if section["slug"] == slug), None)
    return scope_of(section["id"]) if section else abort(404)


def wrong(message: str) -> tuple[Response, int]:
    return jsonify(error=message), 400
