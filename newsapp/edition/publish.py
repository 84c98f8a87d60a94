"""Publishing the sample edition as of a moment, and taking it away again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from newsapp.changes import touch
from newsapp.database import db, writes
from newsapp.edition import printed
from newsapp.edition.pictures import Copied, copy_picture
from newsapp.edition.sections import SECTIONS
from newsapp.front import models as front
from newsapp.news.models import LIVE, SPIKED, Article, Author, Correction, Page, Picture, Section, Tag
from newsapp.news.sanitise import sanitise
from newsapp.news.slugs import slugify

ORIGIN = "edition:"
STATES = {"live": LIVE, "embargoed": LIVE, "spiked": SPIKED}

Named = TypeVar("Named", Section, Tag, Author)
Pictures = dict[str, Copied | None]


def publish_edition(at: datetime) -> int:
    """Publish the edition as of a moment; published again, it is as printed again. Returns how many articles there are.

    What others have made keeps its addresses: a sample whose slug they have is left out, and sections,
    tags and authors of theirs are used as they are.
    """
    samples, pages = list(printed.articles()), list(printed.pages())
    media: Path = current_app.config["NEWSAPP_HOME"] / "media"
    pictures = {name: copy_picture(name, media) for name in {sample.picture for sample in samples if sample.picture}}
    with writes():
        touched = {"front", "site"} | publish_pages(pages, at)
        sections = publish_sections()
        articles = [publish_article(sample, sections, pictures, at.replace(microsecond=0)) for sample in samples]
        db.session.flush()
        place_on_front(zip(samples, articles, strict=True))
        for article in filter(None, articles):
            touched.update(article.touches())
        touch(*touched)
        db.session.commit()
    return sum(article is not None for article in articles)


def place_on_front(printed_as: Iterable[tuple[printed.Sample, Article | None]]) -> None:
    """Give the samples that have a place of their own what is free of the front page."""
    placed = [(sample.front, article.id) for sample, article in printed_as if article and sample.front]
    front.place(article_id for _, article_id in sorted(placed))


def publish_sections() -> dict[str, Section]:
    """The edition's sections by slug."""
    found = {}
    for position, sample in enumerate(SECTIONS, 1):
        section = own_or_others(Section, sample.slug, sample.name)
        if section.origin == origin("section", sample.slug):
            section.name, section.description, section.position = sample.name, sample.description, position
        found[sample.slug] = section
    return found


def publish_pages(samples: list[printed.SamplePage], at: datetime) -> set[str]:
    """Publish the plain pages. Returns what that touches."""
    touched = set()
    for sample in samples:
        own = origin("page", sample.slug)
        page = db.session.scalar(select(Page).where(Page.origin == own))  # by what it is: editors may have moved it
        if page is None and db.session.scalar(select(Page).where(Page.slug == sample.slug)):
            continue
        page = page or Page(slug=sample.slug, origin=own)
        page.title, page.standfirst, page.position = sample.title, sample.standfirst, sample.position
        page.body, page.updated_at, page.state = sanitise(sample.body), at, LIVE
        db.session.add(page)
        db.session.flush()
        touched.add(f"page:{page.id}")
    return touched


def publish_article(sample: printed.Sample, sections: dict[str, Section], pictures: Pictures, at: datetime) -> Article | None:
    """The article as printed; None when its address belongs to an article of others."""
    article = db.session.scalar(select(Article).where(Article.slug == sample.slug).options(*everything()))
    if article and article.origin != origin("article", sample.slug):
        return None
    article = article or Article(slug=sample.slug, origin=origin("article", sample.slug), tags=[], authors=[], corrections=[])
    for name, value in printed_fields(sample, at).items():
        setattr(article, name, value)
    article.section = sections[sample.section]
    article.picture = publish_picture(sample, pictures.get(sample.picture))
    article.tags = [own_or_others(Tag, slugify(name), name) for name in sample.tags]
    article.authors = [own_or_others(Author, slugify(name), name) for name in sample.bylines]
    article.corrections = [Correction(at=at - span, text=text) for span, text in sample.corrections]
    db.session.add(article)
    return article


def everything() -> tuple[Any, ...]:
    return selectinload(Article.tags), selectinload(Article.authors), selectinload(Article.corrections)


def printed_fields(sample: printed.Sample, at: datetime) -> dict[str, Any]:
    """The article's own columns."""
    published = at - sample.published
    return {
        **{name: getattr(sample, name) for name in ("headline", "list_headline", "kicker", "standfirst", "language", "caption")},
        "body": sanitise(sample.body),
        "state": STATES[sample.state],
        "published_at": published,
        "updated_at": min(published, at),
        "created_at": min(published, at),
        "revised_at": max((at - span for span, _ in sample.corrections), default=None),
    }


def publish_picture(sample: printed.Sample, copied: Copied | None) -> Picture | None:
    """The picture's row; None when the edition lacks its files."""
    if copied is None:
        return None
    own = origin("picture", sample.picture)
    picture = db.session.scalar(select(Picture).where(Picture.origin == own)) or Picture(origin=own)
    if picture.name != copied.name:  # another picture, whose other formats are to be made
        picture.name, picture.width, picture.height, picture.widths = copied.name, copied.width, copied.height, copied.widths
        picture.formats = "webp"
    picture.alt, picture.credit = sample.alt, sample.credit
    db.session.add(picture)
    return picture


def own_or_others(model: type[Named], slug: str, name: str) -> Named:
    """The section, tag or author of that slug, made when there is none."""
    found = db.session.scalar(select(model).where(model.slug == slug))
    if found is None:
        found = model(slug=slug, name=name, origin=origin(model.__tablename__, slug))
        db.session.add(found)
    return found


def origin(kind: str, slug: str) -> str:
    return f"{ORIGIN}{kind}:{slug}"
