"""What readers ask for: front, sections, articles, tags, authors, plain pages, Most Viewed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.routing import Map
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.delivery.blocks import most_viewed_items
from newsapp.delivery.page import cacheable, page, wanted
from newsapp.news import dates, errors, files, front, lists, old_addresses, related, structured
from newsapp.news.models import LIVE, TAKEN_DOWN, Article, Author, Page, Section, Tag, article_path, next_embargo
from newsapp.settings.store import effective, stored
from newsapp.traffic.events import REASONS
from newsapp.traffic.windows import BY_SLUG, WINDOWS

news = Blueprint("news", __name__)
for formatter in dates.FILTERS:
    news.add_app_template_filter(formatter)

FULL_LIST = 50
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
PAPER = frozenset({"site", "settings"})  # what every page shows some of: names of things, the time zone

Named = TypeVar("Named", Section, Tag, Author, Page)


def find(model: type[Named], slug: str) -> Named:
    """The thing of that slug, or 404."""
    return find_maybe(model, slug) or abort(404)


def find_maybe(model: type[Named], slug: str) -> Named | None:
    return db.session.scalar(select(model).where(model.slug == slug))


def paper() -> dict[str, Any]:
    """The paper's settings, from the database: a page that was dropped for a change must not be built from an old copy."""
    return effective(stored()[1], "site")


def paper_zone() -> ZoneInfo:
    return dates.zone(paper()["time_zone"])


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of those that will come."""
    return min((moment for moment in moments if moment), default=None)


@news.get("/")
@cacheable(params=old_addresses.PARAMS)
def front_page() -> Response:
    for name in old_addresses.PARAMS:
        if value := wanted(name):
            return redirect(old_addresses.find(f"/?{name}={value}") or abort(404), 301)
    at = now()
    return page("news/front.html", depends=PAPER | {"front"}, valid_until=next_embargo(at), front=front.compose(at), motto=paper()["site_motto"])


@news.get("/<slug>")
@cacheable(params=("page",))
def section_or_plain_page(slug: str) -> Response:
    section = find_maybe(Section, slug)
    return section_page(section) if section else plain_page(find(Page, slug))


def section_page(section: Section) -> Response:
    return list_page("news/section.html", lists.in_section(section.id, now()), f"section:{section.id}", section=section, subject=section)


def plain_page(plain: Page) -> Response:
    if plain.state != LIVE:
        abort(404)
    return page("news/plain.html", depends=PAPER | {f"page:{plain.id}"}, plain=plain, zone=paper_zone())


def list_page(template: str, query: lists.Query, depends: str, **context: Any) -> Response:
    """A page of a list by day, good until a story goes live or the day ends."""
    at, zone = now(), paper_zone()
    listing = lists.listing(query, page_number())
    if listing.number > 1 and not listing.stories:
        abort(404)
    until = earliest(next_embargo(at), dates.next_midnight(at, zone))
    lead = listing.stories[:1] if listing.number == 1 else []
    days = by_day(listing.stories[len(lead) :], at, zone)
    return page(template, depends=PAPER | {depends}, valid_until=until, listing=listing, lead=lead, days=days, **context)


def page_number() -> int:
    number = wanted("page", "1")
    return int(number) if PAGE_NUMBER.fullmatch(number) else abort(404)


def by_day(stories: list[Article], at: datetime, zone: ZoneInfo) -> dict[str, list[Article]]:
    """Stories under the names of their days and months, in the order given."""
    days: dict[str, list[Article]] = {}
    for story in stories:
        days.setdefault(dates.day_or_month(story.published_at or at, at, zone), []).append(story)
    return days


@news.get("/tag/<slug>")
@cacheable(params=("page",))
def tag_page(slug: str) -> Response:
    tag = find(Tag, slug)
    return list_page("news/tag.html", lists.with_tag(tag.id, now()), f"tag:{tag.id}", subject=tag)


@news.get("/author/<slug>")
@cacheable(params=("page",))
def author_page(slug: str) -> Response:
    author = find(Author, slug)
    return list_page("news/author.html", lists.by_author(author.id, now()), f"author:{author.id}", subject=author)


@news.get("/<section>/<slug>")
@cacheable()
def article_page(section: str, slug: str) -> Response:
    at = now()
    article = readable_article(slug, at)
    if article.section.slug != section:
        return redirect(article_path(article.section.slug, slug), 301)
    settings, others = paper(), related.mentioned(article.body)
    return page(
        "news/article.html",
        depends=PAPER | {f"article:{each.id}" for each in (article, *others)},
        valid_until=earliest(related.next_change(others, at), turns_old(article, at)),
        article=article,
        pieces=related.weave(article.body, others, at),
        recent=dates.is_recent(article.published_at or at, at),
        facts=structured.news_article(article, settings),
        zone=dates.zone(settings["time_zone"]),
        direction=structured.direction(article.language),
    )


def readable_article(slug: str, at: datetime) -> Article:
    """The article with all that its page shows; 410 when it was taken down, 404 when no reader may see it."""
    query = select(Article).where(Article.slug == slug)
    query = query.options(joinedload(Article.section, innerjoin=True), joinedload(Article.picture))
    article = db.session.scalar(query.options(selectinload(Article.authors), selectinload(Article.tags), selectinload(Article.corrections)))
    if article is None:
        abort(404)
    if article.state == TAKEN_DOWN:
        abort(410)
    return article if article.is_live(at) else abort(404)


def turns_old(article: Article, at: datetime) -> datetime | None:
    """When "Published 6 days ago on 23 Nov 2026" becomes "Published on 23 Nov 2026"."""
    turning = (article.published_at or at) + dates.RECENT
    return turning if turning > at else None


@news.get("/most-viewed")
def most_viewed_of_a_day() -> Response:
    return redirect(url_for("news.most_viewed", window="day"))


@news.get("/sections")
@cacheable()
def all_sections() -> Response:
    """Every section, for papers with more than the menu holds."""
    return page("news/sections.html", depends={"site", "settings"}, sections=lists.sections())


@news.get("/most-viewed/<window>")
@cacheable(params=("section", "fragment"), seconds=2)
def most_viewed(window: str) -> Response:
    section = find(Section, wanted("section")) if wanted("section") else None
    if window not in BY_SLUG:
        abort(404)
    found = most_viewed_items(f"section-{section.id}" if section else "site", window, FULL_LIST)
    template = "news/_ranks.html" if wanted("fragment") == "1" else "news/most_viewed.html"
    query = f"?section={section.slug}" if section else ""
    return page(template, **found, windows=WINDOWS, section=section, query=query, zone=paper_zone())


@news.get("/how-we-count")
@cacheable()
def how_we_count() -> Response:
    return page("news/how_we_count.html", depends=PAPER, windows=WINDOWS, reasons=REASONS)


news.add_url_rule("/media/<path:name>", view_func=files.media)
news.add_url_rule("/favicon.ico", view_func=files.favicon)
news.app_errorhandler(404)(errors.not_found)
news.app_errorhandler(410)(errors.gone)
news.app_errorhandler(500)(errors.broken)

# First parts of addresses that are answered before Flask, by a proxy, or by other packages.
ELSEWHERE = frozenset({"static", "beacon", "beacon.gif", "desk", "ops", "api", "livez", "readyz", "metrics"})


def reserved_slugs(url_map: Map) -> set[str]:
    """Slugs that no section and no plain page may have, since an address of ours begins like that."""
    firsts = {rule.rule.split("/")[1] for rule in url_map.iter_rules()}
    return {first for first in firsts if first and "<" not in first} | ELSEWHERE
