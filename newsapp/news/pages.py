"""What readers ask for: front, sections, articles, tags, authors, plain pages, Most Viewed."""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, has_request_context, redirect, request, url_for
from markupsafe import Markup
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload
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
    related,
    share_pictures,
    shared,
    structured,
    translations,
)
from newsapp.news import how_we_count as counting
from newsapp.news.models import LIVE, TAKEN_DOWN, Article, Author, Page, Section, Tag, article_path, next_turn
from newsapp.settings.store import effective, stored
from newsapp.traffic import ranking
from newsapp.traffic.asked import Asked, scope_of
from newsapp.traffic.windows import BY_SLUG, WINDOWS

news = Blueprint("news", __name__)
for formatter in dates.FILTERS:
    news.add_app_template_filter(formatter)

FULL_LIST = 50
FOLLOWS = timedelta(seconds=10)  # after which a front page with slots of Most Viewed is composed anew
NEXT_KEPT = timedelta(hours=1)  # after which a story asks again which one is next: another may have been put between them
SETTINGS = "newsapp.settings"  # where a request keeps what it has read of them
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
    if not has_request_context():
        return effective(stored()[1], "site")
    if SETTINGS not in request.environ:  # one page asks once
        request.environ[SETTINGS] = effective(stored()[1], "site")
    found: dict[str, Any] = request.environ[SETTINGS]
    return found


@news.before_app_request
def speak_as_the_paper() -> None:
    """What is said from here on is said in the paper's language, which is looked up when the first is said."""
    languages.speak(functools.cache(lambda: str(paper()["language"])))


@news.teardown_app_request
def say_no_more(error: BaseException | None) -> None:
    languages.speak()


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


def story_page(article: Article, at: datetime, part: bool = False) -> Response:
    """The page of one story as readers see it at a moment, or the part of it that is fetched to stand below another."""
    settings, beside, following = paper(), related.chosen(article.id), related.next_of(article, at)
    others = related.mentioned(article.body, translations.together_with(article))
    tongues = translations.among(article, others)
    translated = translations.readable(article, tongues, at, settings["language"])
    pieces = related.weave(figures.as_now(article.body, figures.for_readers), others, at)
    shown = [*(each for each in others if each.id != article.id), *beside, *([following] if following else [])]
    response = page(
        "news/article.html",
        depends=PAPER | {f"article:{each.id}" for each in (article, *shown)},
        valid_until=earliest(related.next_change(shown, at), turns_old(article, at), article.expires_at, at + NEXT_KEPT),
        ends=article.expires_at,
        story=article.id,
        frame="news/_folded.html" if part else "frame.html",
        part=part,
        following=following,
        article=article,
        pieces=pieces,
        embeds=any(isinstance(piece, related.EmbedCard) for piece in pieces),
        beside=[each for each in beside if each.is_live(at)],
        recent=dates.is_recent(article.published_at or at, at),
        renewed=article.renewed_at,
        recently=dates.is_recent(article.renewed_at or at, at),
        facts=[structured.news_article(article, settings, translated), structured.breadcrumbs(steps_to(article, settings))],
        zone=dates.zone(settings["time_zone"]),
        alternates=translations.alternates(article, translated, settings["language"]),
        read_in=translations.links(translated, settings["language"]),
        share=None if article.picture and article.picture.variants else share_pictures.of_article(article, settings, shared.host()),
        names=[*map(author_link, article.authors), *map(languages.isolated, article.guest_names)],
    )
    if article.robots or part:
        response.headers["X-Robots-Tag"] = "noindex" if part else article.robots_rule
    return response


def author_link(author: Author) -> Markup:
    return Markup('<a href="{}" rel="author">{}</a>').format(author.path, languages.isolated(author.name))


def steps_to(article: Article, settings: dict[str, Any]) -> list[tuple[str, str]]:
    """From the front page to an article."""
    section = article.section
    return [(settings["site_name"], "/"), (section.name, section.path), (article.in_lists, article_path(section.slug, article.slug))]


def readable_article(slug: str, at: datetime) -> Article:
    """The article with all that its page shows; 410 when it was taken down, 404 when no reader may see it, either when its time is over."""
    article = whole_article(Article.slug == slug)
    if article is None:
        abort(404)
    if article.state == TAKEN_DOWN:
        abort(410)
    if article.is_expired(at):
        abort(errors.expired(int(paper()["expired_answer"])))
    return article if article.is_live(at) else abort(404)


def whole_article(which: ColumnElement[bool]) -> Article | None:
    """An article with all that its page shows, in any state."""
    query = select(Article).where(which).options(joinedload(Article.section, innerjoin=True), joinedload(Article.picture))
    query = query.options(selectinload(Article.authors), selectinload(Article.tags), selectinload(Article.corrections), translations.asked())
    return db.session.scalar(query.execution_options(populate_existing=True))


def turns_old(article: Article, at: datetime) -> datetime | None:
    """When "Published 6 days ago on 23 Nov 2026" becomes "Published on 23 Nov 2026", or the same of an update."""
    turning = (moment + dates.RECENT for moment in (article.published_at, article.revised_at) if moment)
    return min((moment for moment in turning if moment > at), default=None)


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
