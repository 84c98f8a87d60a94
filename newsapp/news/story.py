"""The page of one story: what stands on it, and whether readers may see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import abort
from markupsafe import Markup
from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value
from werkzeug.wrappers import Response

from newsapp import languages
from newsapp.database import db
from newsapp.delivery.page import page
from newsapp.news import dates, errors, figures, related, share_pictures, shared, structured, translations
from newsapp.news.models import TAKEN_DOWN, Article, ArticleAuthor, ArticleTag, Author, Correction, Tag, article_path
from newsapp.news.paper import PAPER, earliest, paper

NEXT_KEPT = timedelta(hours=1)  # after which a story asks again which one is next: another may have been put between them


def story_page(article: Article, at: datetime, part: bool = False) -> Response:
    """The page of one story as readers see it at a moment, or the part of it that is fetched to stand below another."""
    settings, beside, following = paper(), related.chosen(article.id), related.next_of(article, at)
    others = related.mentioned(article.body, translations.group_of(article))
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
    article = whole_article("slug", slug)
    if article is None:
        abort(404)
    if article.state == TAKEN_DOWN:
        abort(410)
    if article.is_expired(at):
        abort(errors.expired(int(paper()["expired_answer"])))
    return article if article.is_live(at) else abort(404)


def whole_article(by: str, value: int | str) -> Article | None:
    """The article with this `id` or `slug` and all that its page shows, in any state."""
    article = db.session.scalar(article_by(by), {by: value})
    if article is not None:
        for name, statement in parts_of_article():
            set_committed_value(article, name, list(db.session.scalars(statement, {"article": article.id})))
    return article


@cache  # SQLAlchemy takes longer to put such a statement together than to ask it
def article_by(name: str) -> Select[Article]:
    query = select(Article).where(getattr(Article, name) == bindparam(name))
    query = query.options(joinedload(Article.section, innerjoin=True), joinedload(Article.picture), translations.asked())
    return query.execution_options(populate_existing=True)


@cache
def parts_of_article() -> tuple[tuple[str, Select[Any]], ...]:
    """What an article has many of, by the names of its attributes."""
    article: BindParameter[int] = bindparam("article")
    tags = select(Tag).join(ArticleTag, ArticleTag.tag_id == Tag.id).where(ArticleTag.article_id == article).order_by(Tag.name)
    authors = select(Author).join(ArticleAuthor, ArticleAuthor.author_id == Author.id).where(ArticleAuthor.article_id == article)
    corrections = select(Correction).where(Correction.article_id == article).order_by(Correction.at)
    return ("tags", tags), ("authors", authors.order_by(ArticleAuthor.position)), ("corrections", corrections)


def turns_old(article: Article, at: datetime) -> datetime | None:
    """When "Published 6 days ago on 23 Nov 2026" becomes "Published on 23 Nov 2026", or the same of an update."""
    turning = (moment + dates.RECENT for moment in (article.published_at, article.revised_at) if moment)
    return min((moment for moment in turning if moment > at), default=None)
