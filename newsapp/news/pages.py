"""What readers ask for: front, sections, articles, tags, authors, plain pages, Most Viewed."""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, redirect, request, url_for
from sqlalchemy import select
from werkzeug.routing import Map
from werkzeug.wrappers import Response

from newsapp import languages
from newsapp.database import db
from newsapp.delivery.blocks import most_viewed_items
from newsapp.delivery.page import cacheable, page, reading_at, wanted
from newsapp.front.composing import compose
from newsapp.front.models import LIVE as LIVE_PLATE
from newsapp.front.models import MOST_VIEWED, Slot, slots_of
from newsapp.front.models import next_turn as next_slot
from newsapp.news import (
    archive,
    corrections,
    dates,
    errors,
    figures,
    files,
    lists,
    old_addresses,
    share_pictures,
    shared,
    structured,
)
from newsapp.news import how_we_count as counting
from newsapp.news.models import LIVE, Article, Author, Page, Section, Tag, article_path, next_turn
from newsapp.news.paper import PAPER, earliest, paper, paper_zone
from newsapp.news.story import readable_article, story_page
from newsapp.traffic import ranking
from newsapp.traffic.asked import Asked, scope_of
from newsapp.traffic.windows import BY_SLUG, WINDOWS

news = Blueprint("news", __name__)
for formatter in dates.FILTERS:
    news.add_app_template_filter(formatter)

FULL_LIST = 50
FOLLOWS = timedelta(seconds=10)  # after which a front page with slots of Most Viewed is composed anew
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")

Named = TypeVar("Named", Section, Tag, Author, Page)


def find(model: type[Named], slug: str) -> Named:
    """The thing of that slug, or 404."""
    return find_maybe(model, slug) or abort(404)


def find_maybe(model: type[Named], slug: str) -> Named | None:
    return db.session.scalar(select(model).where(model.slug == slug))


@news.before_app_request
def speak_as_the_paper() -> None:
    """What is said from here on is said in the paper's language, which is looked up when the first is said."""
    languages.speak(functools.cache(lambda: str(paper()["language"])))


@news.teardown_app_request
def say_no_more(error: BaseException | None) -> None:
    languages.speak()


@news.get("/")
@cacheable(params=old_addresses.PARAMS)
def front_page() -> Response:
    for name in old_addresses.PARAMS:
        if value := wanted(name):
            return redirect(old_addresses.find(f"/?{name}={value}") or abort(404), 301)
    return front_of(reading_at(), slots_of(LIVE_PLATE))


def front_of(at: datetime, slots: list[Slot]) -> Response:
    """The front page of a moment with these slots."""
    follows = at + FOLLOWS if any(slot.kind == MOST_VIEWED for slot in slots) else None
    until = earliest(next_turn(at), next_slot(slots, at), follows)
    settings = paper()
    return page(
        "news/front.html", depends=PAPER | {"front"}, valid_until=until, front=compose(at, slots, ranked), motto=settings["site_motto"],
        facts=[structured.web_site(settings)], share=share_pictures.of_front(settings, shared.host()),
    )  # fmt: skip


def ranked(asked: Asked) -> list[int]:
    """The ids of a list of Most Viewed as this process has it; the desk, which keeps none, makes it."""
    if "memory" not in current_app.extensions:
        return [item["id"] for item in ranking.build(asked)["items"]]
    return [item["id"] for item in most_viewed_items(asked, FULL_LIST)["items"]]


@news.get("/<slug>")
@cacheable(params=("page",))
def section_or_plain_page(slug: str) -> Response:
    section = find_maybe(Section, slug)
    return section_page(section) if section else plain_page(find(Page, slug))


def section_page(section: Section) -> Response:
    facts = [structured.breadcrumbs([(paper()["site_name"], "/"), (section.name, section.path)])]
    return list_page(
        "news/section.html",
        lists.in_section(section.id, reading_at()),
        f"section:{section.id}",
        "section",
        section=section,
        subject=section,
        facts=facts,
    )


def plain_page(plain: Page) -> Response:
    if plain.state != LIVE:
        abort(404)
    return page(
        "news/plain.html", depends=PAPER | {f"page:{plain.id}"}, plain=plain, body=figures.as_now(plain.body, figures.for_readers), zone=paper_zone()
    )


def list_page(template: str, query: lists.Query, depends: str, kind: str = "", **context: Any) -> Response:
    """A page of a list by day, good until a story goes live or the day ends; `kind` is that of its share picture."""
    at, settings = reading_at(), paper()
    zone = dates.zone(settings["time_zone"])
    listing = lists.listing(query, page_number())
    if listing.number > 1 and not listing.stories:
        abort(404)
    until = earliest(next_turn(at), dates.next_midnight(at, zone))
    lead = listing.stories[:1] if listing.number == 1 else []
    days = by_day(listing.stories[len(lead) :], at, zone)
    share = share_pictures.of_list(kind, context["subject"], settings, shared.host()) if kind else None
    return page(template, depends=PAPER | {depends}, valid_until=until, listing=listing, lead=lead, days=days, share=share, **context)


def page_number() -> int:
    return page_number_of(wanted("page", "1"))


def page_number_of(number: str) -> int:
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
    return list_page("news/tag.html", lists.with_tag(tag.id, reading_at()), f"tag:{tag.id}", "tag", subject=tag)


@news.get("/author/<slug>")
@cacheable(params=("page",))
def author_page(slug: str) -> Response:
    author = find(Author, slug)
    return list_page("news/author.html", lists.by_author(author.id, reading_at()), f"author:{author.id}", "author", subject=author)


@news.get("/<int(fixed_digits=4):year>")
@news.get("/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>")
@news.get("/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>")
@cacheable(params=("page",))
def archive_page(year: int, month: int = 0, day: int = 0) -> Response:
    """The stories of a year, a month or a day. A month or a day 00 is none."""
    span, at, zone = archive.Span(year, month, day), reading_at(), paper_zone()
    if not span.exists or span.path != request.path.rstrip("/"):
        abort(404)
    earlier, later = archive.beside(span, at, zone)
    parts, query = archive.within(span, at, zone), archive.in_span(span, at, zone)
    return list_page("news/archive.html", query, "front", subject=span, parts=parts, earlier=earlier, later=later)


@news.get("/<section>/<slug>")
@cacheable(params=("fragment",))
def article_page(section: str, slug: str) -> Response:
    """A story; with fragment=1 the article alone, as the page of another shows it below its own."""
    at, fragment = reading_at(), wanted("fragment")
    if fragment not in ("", "1"):
        abort(404)
    article = readable_article(slug, at)
    if article.section.slug != section:
        return redirect(article_path(article.section.slug, slug) + (fragment and "?fragment=1"), 301)
    return story_page(article, at, part=bool(fragment))


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
    found = most_viewed_items(Asked(scope_of(section.id if section else None), BY_SLUG[window]), FULL_LIST)
    template = "news/_ranks.html" if wanted("fragment") == "1" else "news/most_viewed.html"
    query = f"?section={section.slug}" if section else ""
    return page(template, **found, windows=WINDOWS, section=section, query=query, zone=paper_zone())


@news.get("/how-we-count")
@cacheable(seconds=60)
def how_we_count() -> Response:
    """Asked anew each minute: the clock alone makes a rule of a setting that was changed."""
    settings = paper()
    said = counting.compose(reading_at(), settings)
    until = said["coming"].since if said["coming"] else None
    return page("news/how_we_count.html", depends=PAPER, valid_until=until, settings=settings, zone=dates.zone(settings["time_zone"]), **said)


news.add_url_rule("/corrections", view_func=corrections.log)
news.add_url_rule("/media/<path:name>", view_func=files.media_for_readers)
news.add_url_rule(f"{share_pictures.FOLDER}<name>", view_func=shared.share_picture)
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
