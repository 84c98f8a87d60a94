"""Where readers search: a page that is whole without JavaScript, and what is suggested while they type."""

from __future__ import annotations

from flask import Blueprint, jsonify, make_response, render_template, request
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from newsapp.database import now
from newsapp.news.models import article_path
from newsapp.news.pages import page_number_of
from newsapp.news.paper import paper
from newsapp.news.words import tidy
from newsapp.search import finding
from newsapp.search.asking import WAIT, ask

search = Blueprint("search", __name__)
LONGEST = 200  # letters that may be asked


def asked() -> str:
    return tidy(request.args.get("q"))[:LONGEST]


@search.get("/search")
def results() -> Response:
    """Never kept by the page cache: what people ask for has no end."""
    ask(request.environ)
    words, order = asked(), request.args.get("order", finding.BEST)
    order = order if order in dict(finding.ORDERS) else finding.BEST
    found = finding.find(words, order, page_number_of(request.args.get("page", "1")), now())
    return make_response(render_template("news/search.html", words=words, order=order, orders=finding.ORDERS, found=found))


@search.errorhandler(429)
def too_many(error: TooManyRequests) -> tuple[str, int, dict[str, str]]:
    return render_template("news/too_many.html"), 429, {"Retry-After": str(WAIT)}


@search.get("/search/suggestions")
def suggestions() -> Response:
    """[{headline, section, path}] of stories that have what was typed so far."""
    ask(request.environ, suggestions=True)
    stories = finding.suggested(asked(), now())
    return jsonify([{"headline": s.in_lists, "section": s.section.name, "path": article_path(s.section.slug, s.slug)} for s in stories])


@search.get("/opensearch.xml")
def description() -> Response:
    """How a browser adds this paper to its search engines."""
    answer = make_response(render_template("news/opensearch.xml", settings=paper()))
    answer.content_type = "application/opensearchdescription+xml; charset=utf-8"
    return answer
