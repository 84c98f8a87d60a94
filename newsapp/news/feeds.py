"""For machines: RSS feeds, the sitemap, robots.txt."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from feedgen.feed import FeedGenerator
from flask import Blueprint, abort, current_app, make_response, render_template
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.delivery.page import cacheable, note
from newsapp.news import lists
from newsapp.news.models import Article, Section, article_path, live_articles, live_at, next_embargo
from newsapp.settings.store import effective, stored

feeds = Blueprint("feeds", __name__)

LENGTH = 50
CHUNK = 5000  # articles in one sitemap; the protocol's limit is 50,000
HOURS = 3600.0
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def absolute(path: str) -> str:
    return str(current_app.config["SITE_URL"]) + path


def xml_text(text: str) -> str:
    """Text without the characters that XML cannot hold; imports have some."""
    return NOT_IN_XML.sub("", text)


@feeds.get("/feed.xml")
@cacheable()
def site_feed() -> Response:
    at = now()
    return feed_page("/", "", "/feed.xml", "front", live_articles(at), at)


@feeds.get("/<section>/feed.xml")
@cacheable()
def section_feed(section: str) -> Response:
    at = now()
    found = db.session.scalar(select(Section).where(Section.slug == section)) or abort(404)
    return feed_page(found.path, f": {found.name}", f"{found.path}/feed.xml", f"section:{found.id}", lists.in_section(found.id, at), at)


def feed_page(path: str, title_end: str, own_path: str, depends: str, query: lists.Query, at: datetime) -> Response:
    settings = effective(stored()[1], "site")
    stories = lists.newest(query, LENGTH)
    response = make_response(rss(settings, path, title_end, own_path, stories))
    response.content_type = "application/rss+xml; charset=utf-8"
    return note(response, {"site", "settings", depends}, next_embargo(at))


def rss(settings: dict[str, Any], path: str, title_end: str, own_path: str, stories: list[Article]) -> bytes:
    """The stories as RSS 2.0."""
    feed = FeedGenerator()
    feed.load_extension("dc")
    feed.title(xml_text(settings["site_name"] + title_end))
    feed.description(xml_text(settings["site_motto"] or settings["site_name"]))
    feed.link(href=absolute(path), rel="alternate")
    feed.link(href=absolute(own_path), rel="self")
    feed.language(settings["language"])
    feed.generator("newsapp")
    feed.lastBuildDate(max((story.published_at for story in stories if story.published_at), default=now()))
    for story in stories:
        add_entry(feed, story)
    return bytes(feed.rss_str(pretty=True))


def add_entry(feed: FeedGenerator, story: Article) -> None:
    entry = feed.add_entry(order="append")
    address = absolute(article_path(story.section.slug, story.slug))
    entry.title(xml_text(story.headline) or address)
    entry.link(href=address)
    entry.guid(address, permalink=True)
    entry.pubDate(story.published_at)
    entry.category(term=xml_text(story.section.name))
    if story.standfirst:
        entry.description(xml_text(story.standfirst))
    for author in story.authors:
        entry.dc.dc_creator(xml_text(author.name))


@feeds.get("/sitemap.xml")
@cacheable(seconds=HOURS)
def sitemap() -> Response:
    """The sitemap of sitemaps: sections and pages, then articles in chunks by id."""
    last = db.session.scalar(select(func.max(Article.id)).where(live_at(now()))) or 0
    return xml("news/sitemaps.xml", numbers=range(-(-last // CHUNK)))


@feeds.get("/sitemap/sections.xml")
@cacheable(seconds=HOURS)
def sitemap_of_sections() -> Response:
    paths = ["/", "/how-we-count", *(each.path for each in lists.sections()), *(each.path for each in lists.plain_pages())]
    return xml("news/sitemap.xml", {"site"}, entries=[(path, None) for path in paths])


@feeds.get("/sitemap/articles-<int:number>.xml")
@cacheable(seconds=HOURS)
def sitemap_of_articles(number: int) -> Response:
    first = number * CHUNK
    query = select(Section.slug, Article.slug, Article.published_at, Article.updated_at).join(Section, Section.id == Article.section_id)
    rows = db.session.execute(query.where(live_at(now()), Article.id > first, Article.id <= first + CHUNK).order_by(Article.id))
    entries = [(article_path(section, slug), max(published or updated, updated)) for section, slug, published, updated in rows]
    return xml("news/sitemap.xml", entries=entries) if entries else abort(404)


@feeds.get("/robots.txt")
@cacheable()
def robots() -> Response:
    response = make_response(render_template("news/robots.txt"))
    response.content_type = "text/plain; charset=utf-8"
    return note(response)


def xml(template: str, depends: set[str] | None = None, **context: Any) -> Response:
    response = make_response(render_template(template, **context))
    response.content_type = "application/xml; charset=utf-8"
    return note(response, depends or ())
