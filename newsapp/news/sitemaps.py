"""For search engines: sitemaps with pictures, and the one for news."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, abort, make_response, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import defer, joinedload
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.delivery.page import cacheable, note
from newsapp.news import lists
from newsapp.news.feed_formats import xml_text
from newsapp.news.models import SITEMAP_CHUNK as CHUNK
from newsapp.news.models import Article, Picture, Section, article_path, live_articles, live_at, next_turn
from newsapp.settings.store import effective, stored

sitemaps = Blueprint("sitemaps", __name__)
sitemaps.add_app_template_filter(xml_text)

HOURS = 3600.0
NEWS_AGE, NEWS_LENGTH = (
    timedelta(days=2),
    1000,
)  # what Google takes: https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap


class Line(NamedTuple):
    """One address of a sitemap."""

    path: str
    changed: datetime | None = None
    picture: str = ""


@sitemaps.get("/sitemap.xml")
@cacheable(seconds=HOURS)
def index() -> Response:
    """The sitemap of sitemaps: sections and pages, the newest for news search, then articles in chunks by id."""
    at = now()
    last = db.session.scalar(select(func.max(Article.id)).where(live_at(at))) or 0
    return xml("news/sitemaps.xml", {"front"}, next_turn(at), numbers=range(-(-last // CHUNK)))


@sitemaps.get("/sitemap/sections.xml")
@cacheable(seconds=HOURS)
def of_sections() -> Response:
    paths = ["/", "/how-we-count", "/corrections", *(each.path for each in lists.sections()), *(each.path for each in lists.plain_pages())]
    return xml("news/sitemap.xml", {"site"}, lines=[Line(path) for path in paths])


@sitemaps.get("/sitemap/articles-<int:number>.xml")
@cacheable(seconds=HOURS)
def of_articles(number: int) -> Response:
    first, at = number * CHUNK, now()
    columns = (Section.slug, Article.slug, Article.published_at, Article.revised_at, Picture.name, Picture.widths)
    query = select(*columns).join(Section, Section.id == Article.section_id).outerjoin(Picture, Picture.id == Article.picture_id)
    listed = (live_at(at), Article.robots != "noindex", Article.id > first, Article.id <= first + CHUNK)
    lines = [
        Line(article_path(section, slug), max(filter(None, (published, revised)), default=None), widest(name, widths))
        for section, slug, published, revised, name, widths in db.session.execute(query.where(*listed).order_by(Article.id))
    ]
    return xml("news/sitemap.xml", {f"sitemap:{number}", "site"}, next_turn(at), lines=lines) if lines else abort(404)


def widest(name: str | None, widths: str | None) -> str:
    """The address of a picture's largest file."""
    picture = Picture(name=name, widths=widths or "")
    return picture.variants[-1][1] if name and picture.variants else ""


@sitemaps.get("/sitemap/news.xml")
@cacheable(seconds=600)
def of_news() -> Response:
    """The stories of the last two days, for news search; made anew as they leave it."""
    at = now()
    query = live_articles(at).where(Article.published_at > at - NEWS_AGE, Article.robots != "noindex").limit(NEWS_LENGTH)
    stories = db.session.scalars(query.options(defer(Article.body, raiseload=True), joinedload(Article.section, innerjoin=True))).all()
    return xml("news/sitemap_news.xml", {"front", "site", "settings"}, next_turn(at), stories=stories, settings=effective(stored()[1], "site"))


@sitemaps.app_template_filter()
def news_language(tag: str) -> str:
    """A language as the news sitemap takes it: two or three letters, Chinese by its script."""
    parts = tag.lower().replace("_", "-").split("-")
    if parts[0] == "zh":
        return "zh-tw" if {"hant", "tw", "hk", "mo"} & set(parts) else "zh-cn"
    return parts[0]


def xml(template: str, depends: set[str] | None = None, valid_until: datetime | None = None, **context: Any) -> Response:
    response = make_response(render_template(template, **context))
    response.content_type = "application/xml; charset=utf-8"
    return note(response, depends or (), valid_until)
