"""For search engines: sitemaps with pictures, and the one for news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, abort, make_response, render_template
from sqlalchemy import func, or_, select, union
from sqlalchemy.orm import defer, joinedload
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.delivery.page import cacheable, note
from newsapp.news import lists
from newsapp.news.feed_formats import xml_text
from newsapp.news.models import SITEMAP_CHUNK as CHUNK
from newsapp.news.models import Article, Picture, Section, article_path, live_articles, live_at, next_turn
from newsapp.news.paper import paper
from newsapp.news.translations import Alternate, chunk_of, with_default

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
    alternates: Sequence[Alternate] = ()


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
    beside, chunks = translated_in(first, at)
    columns = (Article.id, Section.slug, Article.slug, Article.published_at, Article.revised_at, Picture.name, Picture.widths, Picture.formats)
    query = select(*columns).join(Section, Section.id == Article.section_id).outerjoin(Picture, Picture.id == Article.picture_id)
    listed = (live_at(at), Article.robots != "noindex", Article.id > first, Article.id <= first + CHUNK)
    lines = [
        Line(article_path(section, slug), max(filter(None, (published, revised)), default=None), file_of(name, widths, formats), beside.get(id, ()))
        for id, section, slug, published, revised, name, widths, formats in db.session.execute(query.where(*listed).order_by(Article.id))
    ]
    return xml("news/sitemap.xml", {f"sitemap:{number}", "site", "settings", *chunks}, next_turn(at), lines=lines) if lines else abort(404)


def translated_in(first: int, at: datetime) -> tuple[dict[int, list[Alternate]], set[str]]:
    """The addresses of stories of a chunk in all their languages, and the chunks in which the others stand."""
    named = Article.translation_of_id
    here = select(named).where(named.is_not(None), Article.id > first, Article.id <= first + CHUNK)
    begun = select(named).where(named > first, named <= first + CHUNK)
    firsts = list(db.session.scalars(union(here, begun)))
    if not firsts:
        return {}, set()
    columns = (Article.id, named, Article.language, Article.slug, Section.slug, live_at(at), Article.robots != "noindex")
    query = select(*columns).join(Section, Section.id == Article.section_id).where(or_(named.in_(firsts), Article.id.in_(firsts)))
    rows, ours = db.session.execute(query.order_by(Article.id)).all(), paper()["language"]
    groups: dict[int, dict[str, tuple[int, Alternate]]] = {}
    for number, begun_by, language, slug, section, is_live, is_listed in rows:
        if is_live and is_listed:
            tag = language or ours
            groups.setdefault(begun_by or number, {}).setdefault(tag.lower(), (number, Alternate(tag, article_path(section, slug))))
    return dict(each for members in groups.values() for each in told(list(members.values()), ours)), {chunk_of(row[0]) for row in rows}


def told(members: list[tuple[int, Alternate]], ours: str) -> list[tuple[int, list[Alternate]]]:
    """What is told of each story of one group; nothing when it stands alone."""
    every = with_default([alternate for _, alternate in members], ours)
    return [(number, every) for number, _ in members] if len(members) > 1 else []


def file_of(name: str | None, widths: str | None, formats: str | None) -> str:
    """The address of a picture's file for programs."""
    return Picture(name=name, widths=widths, formats=formats or "").for_machines[1] if name and widths else ""


@sitemaps.get("/sitemap/news.xml")
@cacheable(seconds=600)
def of_news() -> Response:
    """The stories of the last two days, for news search; made anew as they leave it."""
    at = now()
    query = live_articles(at).where(Article.published_at > at - NEWS_AGE, Article.robots != "noindex").limit(NEWS_LENGTH)
    stories = db.session.scalars(query.options(defer(Article.body, raiseload=True), joinedload(Article.section, innerjoin=True))).all()
    return xml("news/sitemap_news.xml", {"front", "site", "settings"}, next_turn(at), stories=stories, settings=paper())


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
