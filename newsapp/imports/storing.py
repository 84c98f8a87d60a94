"""Stories into the database, a batch in a transaction: made, brought up to date, or left as editors changed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from newsapp.changes import touch
from newsapp.database import db
from newsapp.front import models as front
from newsapp.imports.linking import Row, link, names_of
from newsapp.imports.models import ImportedItem
from newsapp.imports.redirects import Wanted, place
from newsapp.imports.stories import Story
from newsapp.imports.terms import Vocabulary, first_level_taken
from newsapp.news.models import SPIKED, TAKEN_DOWN, Article, Page
from newsapp.news.slugs import FreeSlugs

IMPORTED, UPDATED, KEPT = "imported", "updated", "kept"


@dataclass
class Known:
    """What stands in the paper from an item of this origin."""

    row: Row
    digest: str
    imported_at: datetime | None

    @property
    def article_id(self) -> int | None:
        return self.row.id if isinstance(self.row, Article) else None

    @property
    def reason_to_keep(self) -> str:
        """Why an import must not touch it; empty when it may."""
        if self.row.state in (SPIKED, TAKEN_DOWN):
            return "taken off the site at the desk since"
        changed = self.imported_at is not None and self.row.updated_at > self.imported_at
        return "changed at the desk since" if changed else ""


@dataclass
class Stored:
    """What became of a story: IMPORTED, UPDATED, or KEPT for a reason."""

    story: Story
    row: Row
    outcome: str
    reason: str = ""
    article_id: int | None = None  # outlives the transaction, which the row does not


def known_of(origins: Iterable[str]) -> dict[str, Known]:
    """What earlier imports left, by origin; pages and articles alike."""
    origins = list(origins)
    records = {row.origin: row for row in db.session.scalars(select(ImportedItem).where(ImportedItem.origin.in_(origins)))}
    rows: list[Row] = [*db.session.scalars(select(Page).where(Page.origin.in_(origins)))]
    rows += db.session.scalars(select(Article).where(Article.origin.in_(origins)))
    found = {}
    for row in rows:
        record = records.get(row.origin or "")
        found[row.origin or ""] = Known(row, record.digest if record else "", record.at if record else None)
    return found


class Storing:
    """Writes batches of stories. One for an import, so that terms and slugs are looked up once."""

    def __init__(self) -> None:
        self.terms = Vocabulary()
        self.slugs = FreeSlugs()

    def store(self, stories: list[Story], at: datetime) -> list[Stored]:
        """Write a batch in the open transaction; no two stories of it have the same origin."""
        known = known_of(story.candidate.origin for story in stories)
        old = names_of(entry.row for entry in known.values())
        taken = taken_article_slugs([story.slug for story in stories if not story.is_page])
        stored = [self.written(story, known.get(story.candidate.origin), taken) for story in stories]
        db.session.flush()
        for entry in stored:
            entry.article_id = entry.row.id if isinstance(entry.row, Article) else None
        changed = [entry for entry in stored if entry.outcome != KEPT]
        link([(entry.story, entry.row) for entry in changed if isinstance(entry.row, Article)], self.terms)
        front.place(entry.row.id for entry in changed if isinstance(entry.row, Article) and entry.story.is_sticky)
        redirect(changed)
        remember(changed, at)
        self.tell(old, [entry.row for entry in changed])
        return stored

    def written(self, story: Story, known: Known | None, taken: set[str]) -> Stored:
        if known and known.reason_to_keep:
            return Stored(story, known.row, KEPT, known.reason_to_keep)
        if known:
            return Stored(story, self.fill(known.row, story), UPDATED)
        return Stored(story, self.new_page(story) if story.is_page else self.new_article(story, taken), IMPORTED)

    def new_article(self, story: Story, taken: set[str]) -> Article:
        """An article with an address of its own; `taken` knows which slugs of the batch are not free."""
        slug = self.slugs.find("article", story.slug, lambda slug: slug in taken or (slug != story.slug and slug in taken_article_slugs([slug])))
        taken.add(slug)
        article = Article(slug=slug, origin=story.candidate.origin)
        self.fill(article, story)
        db.session.add(article)
        return article

    def new_page(self, story: Story) -> Page:
        order = story.candidate.item.menu_order
        position = int(order) if order.isascii() and order.isdigit() and 0 < int(order[:9]) < 10_000 else 100
        page = Page(slug=self.slugs.find("page", story.slug, first_level_taken), origin=story.candidate.origin, position=position)
        self.fill(page, story)
        db.session.add(page)
        return page

    def fill(self, row: Row, story: Story) -> Row:
        """What the file says, into a row whose address stays."""
        row.standfirst, row.body, row.state, row.updated_at = story.standfirst, story.body, story.state, story.updated_at
        if isinstance(row, Page):
            row.title = story.title
        else:
            row.headline, row.section_id = story.title, self.terms.id_of(story.candidate.filing.section)
            if story.candidate.published_at or row.published_at is None:  # without a date of its own it keeps the first import's
                row.published_at = story.published_at
        return row

    def tell(self, old: set[str], rows: list[Row]) -> None:
        """Note what the batch touched; the whole site where its menu changed."""
        if not rows:
            return
        menu = "section" in self.terms.made or any(isinstance(row, Page) for row in rows)
        self.terms.made.clear()
        touch(*old, *names_of(rows), "front", *(["site"] if menu else []))


def taken_article_slugs(slugs: list[str]) -> set[str]:
    with db.session.no_autoflush:
        return set(db.session.scalars(select(Article.slug).where(Article.slug.in_(slugs))))


def redirect(changed: list[Stored]) -> None:
    """Lead old addresses to what was written; those that cannot become notes."""
    stories: dict[tuple[int | None, int | None], Story] = {}
    wanted = []
    for entry in changed:
        target = (entry.article_id, None if entry.article_id else entry.row.id)
        stories[target] = entry.story
        wanted += [Wanted(path, *target) for path in entry.story.paths]
    for refused, reason in place(wanted):
        stories[refused.article_id, refused.page_id].notes.append(f"its old address {refused.path} {reason}: no redirect")


def remember(changed: list[Stored], at: datetime) -> None:
    """Note what was imported, and when."""
    records = [{"origin": entry.story.candidate.origin, "digest": entry.story.candidate.digest, "at": at} for entry in changed]
    db.session.execute(delete(ImportedItem).where(ImportedItem.origin.in_([record["origin"] for record in records])))
    if records:
        db.session.execute(insert(ImportedItem), records)
