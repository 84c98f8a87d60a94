"""Feeds of the site, a section, a tag and an author, in each of FORMATS."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from flask import Blueprint, abort, make_response
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.delivery.page import cacheable, note
from newsapp.news import lists
from newsapp.news.feed_formats import FORMATS, Feed, entry_of
from newsapp.news.models import Author, Section, Tag, live_articles, next_turn
from newsapp.news.paper import paper

feeds = Blueprint("feeds", __name__)

LENGTH = 50
BY_FILE = {format.file: format for format in FORMATS}
Named = TypeVar("Named", Section, Tag, Author)


def find(model: type[Named], slug: str) -> Named:
    return db.session.scalar(select(model).where(model.slug == slug)) or abort(404)


@cacheable()
def site_feed(file: str) -> Response:
    at = now()
    return answer(file, "/", "", "front", live_articles(at), at)


@cacheable()
def section_feed(file: str, section: str) -> Response:
    at, found = now(), find(Section, section)
    return answer(file, found.path, found.name, f"section:{found.id}", lists.in_section(found.id, at), at)


@cacheable()
def tag_feed(file: str, slug: str) -> Response:
    at, found = now(), find(Tag, slug)
    return answer(file, found.path, found.name, f"tag:{found.id}", lists.with_tag(found.id, at), at)


@cacheable()
def author_feed(file: str, slug: str) -> Response:
    at, found = now(), find(Author, slug)
    return answer(file, found.path, found.name, f"author:{found.id}", lists.by_author(found.id, at), at)


for name in BY_FILE:
    feeds.add_url_rule(f"/{name}", view_func=site_feed, defaults={"file": name})
    feeds.add_url_rule(f"/<section>/{name}", view_func=section_feed, defaults={"file": name})
    feeds.add_url_rule(f"/tag/<slug>/{name}", view_func=tag_feed, defaults={"file": name})
    feeds.add_url_rule(f"/author/<slug>/{name}", view_func=author_feed, defaults={"file": name})


def answer(file: str, path: str, subject: str, depends: str, query: lists.Query, at: datetime) -> Response:
    """The newest stories of a query in a format, good until a story goes live or leaves."""
    settings, format = paper(), BY_FILE[file]
    is_full = settings["feed_text"] == "full"
    stories = lists.newest(query, LENGTH, with_body=is_full)
    feed = Feed(settings, path, subject, f"{path.rstrip('/')}/{file}", [entry_of(story, settings, is_full) for story in stories])
    response: Any = make_response(format.write(feed))
    response.content_type = f"{format.mime}; charset=utf-8"
    if feed.links:
        response.headers["Link"] = feed.links
    return note(response, {"site", "settings", depends}, next_turn(at))
