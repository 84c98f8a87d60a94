"""What the article form looks up while somebody types: stories, pictures, names, and whether an address leads anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, abort, current_app, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload
from werkzeug.wrappers import Response

from newsapp.database import db, now
from newsapp.desk import lists
from newsapp.desk.beside import numbers_in
from newsapp.media import library
from newsapp.media.pages import as_json
from newsapp.news import old_addresses
from newsapp.news.models import LIVE, TAKEN_DOWN, Article, Author, Page, Section, Tag, article_path
from newsapp.news.providers import embed_of
from newsapp.news.slugs import RESERVED
from newsapp.search.index import has_words

finding = Blueprint("finding", __name__, url_prefix="/desk/find")
MOST = 12
Found = list[dict[str, Any]]


@dataclass(frozen=True)
class Finder:
    """One sort of thing to find by words."""

    name: str
    find: Callable[[str, datetime], Found]


def stories(words: str, at: datetime) -> Found:
    """Stories that have each word, the newest first; by their numbers when only numbers were given."""
    ids = numbers_in(words) if words.replace(",", "").replace(" ", "").isdigit() else []
    wanted = Article.id.in_(ids) if ids else has_words(words)
    query = select(Article).where(wanted, Article.state != TAKEN_DOWN).options(defer(Article.body), joinedload(Article.section))
    rows = db.session.scalars(query.order_by(Article.published_at.is_(None), Article.published_at.desc(), Article.id.desc()).limit(MOST))
    return [story(article, at) for article in rows]


def story(article: Article, at: datetime) -> dict[str, Any]:
    shelf = lists.shelf_of(article, at)
    return {
        "id": article.id, "label": article.in_lists, "section": article.section.name, "state": shelf.word, "live": article.is_live(at),
        "address": article_path(article.section.slug, article.slug), "day": article.published_at and article.published_at.date().isoformat(),
    }  # fmt: skip


def pictures(words: str, at: datetime) -> Found:
    return [as_json(picture) for picture in library.shelf(library.BY_SLUG["all"], words, 1).pictures]


def named(model: type[Tag] | type[Author]) -> Callable[[str, datetime], Found]:
    """Names that have the words, those that begin with them first."""

    def find(words: str, at: datetime) -> Found:
        begins = model.name.istartswith(words, autoescape=True)
        names = db.session.scalars(
            select(model.name).where(model.name.icontains(words, autoescape=True)).order_by(begins.desc(), model.name).limit(MOST)
        )
        return [{"label": name} for name in names]

    return find


FINDERS = {
    each.name: each
    for each in (Finder("stories", stories), Finder("pictures", pictures), Finder("tags", named(Tag)), Finder("authors", named(Author)))
}


@finding.get("/<name>")
def find(name: str) -> Response:
    finder = FINDERS.get(name) or abort(404)
    return jsonify(finder.find(request.args.get("q", "").strip()[:200], now()))


@finding.get("/embed")
def embed() -> Response:
    """Whose an address is; {} for one that cannot be embedded."""
    found = embed_of(request.args.get("address", "")[:2000])
    return jsonify({"provider": found.provider.slug, "name": found.provider.name, "address": found.address} if found else {})


@finding.get("/address")
def address() -> Response:
    """Whether an address of ours leads anywhere: {ours, found, says}."""
    parts = urlsplit(request.args.get("address", "")[:2000])
    ours = parts.netloc in ("", urlsplit(current_app.config["SITE_URL"]).netloc) and parts.path.startswith("/")
    if not ours:
        return jsonify(ours=False)
    says = standing(unquote(parts.path), now())
    return jsonify(ours=True, found=bool(says), says=says or "Nothing of ours has this address.")


def standing(path: str, at: datetime) -> str:
    """What stands at an address of ours, in words; nothing where nothing does."""
    first, _, rest = path.strip("/").partition("/")
    article = db.session.scalar(select(Article).where(Article.slug == rest)) if rest else None
    if article:
        return (
            article.headline if article.is_live(at) else f"{article.headline} ({lists.shelf_of(article, at).word.lower()}: readers do not see it now)"
        )
    if first in RESERVED or not first:
        return "A page of the site."
    if not rest and (section := db.session.scalar(select(Section).where(Section.slug == first))):
        return section.name
    if not rest and (page := db.session.scalar(select(Page).where(Page.slug == first))):
        return page.title if page.state == LIVE else f"{page.title} (hidden: readers do not see it now)"
    return "An old address that leads on." if old_addresses.find(path) else ""
