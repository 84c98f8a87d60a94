"""What an item of an export becomes: an article or a page, or nothing and the reason why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from newsapp.imports.dates import moment
from newsapp.imports.items import Item
from newsapp.imports.markup import body_of, plain, shortened
from newsapp.imports.redirects import old_paths
from newsapp.imports.terms import Filing
from newsapp.news.models import DRAFT, LIVE
from newsapp.news.slugs import slugify

CONVERSION = 1  # raise it when the same item becomes something else, and a repeated import brings it up to date
# Types that articles and pages are not made of.
LEFT_OUT = {
    "attachment": "a file of the media library: used only as the lead picture of articles that name it",
    "nav_menu_item": "an entry of a menu: sections make the menu here",
    "revision": "an earlier version of another item",
    "product": "a product of a shop",
    "product_variation": "a product of a shop",
    "": "has no post type",
}
STATES = {"publish": LIVE, "future": LIVE, "draft": DRAFT, "pending": DRAFT, "auto-draft": DRAFT, "private": DRAFT}


@dataclass(frozen=True)
class Candidate:
    """An item that becomes an article or a page, before its content is looked at."""

    item: Item
    origin: str
    digest: str
    filing: Filing
    published_at: datetime | None


@dataclass
class Story:
    """The candidate with its content in our terms."""

    candidate: Candidate
    slug: str
    title: str
    standfirst: str
    body: str
    state: str
    published_at: datetime | None
    updated_at: datetime
    paths: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    @property
    def is_page(self) -> bool:
        return self.candidate.item.type == "page"

    @property
    def is_sticky(self) -> bool:
        return self.candidate.item.sticky and self.state == LIVE


def reason_to_leave_out(item: Item) -> str | None:
    """Why an item becomes neither article nor page; None when it becomes one."""
    if item.type not in ("post", "page"):
        return LEFT_OUT.get(item.type, f"of the type {item.type[:60]!r}, which is neither post nor page")
    return "in the trash" if item.status == "trash" else None


def digest_of(item: Item, filing: Filing) -> str:
    return blake2b(repr((CONVERSION, item, filing)).encode("utf-8", "replace"), digest_size=16).hexdigest()


def story_of(candidate: Candidate, base_url: str, at: datetime) -> Story:
    """The candidate as it will stand in the paper."""
    item = candidate.item
    body, notes = body_of(item.content, base_url)
    standfirst = plain(item.excerpt)
    title = plain(item.title)
    state, published_at, state_notes = publication(item, candidate.published_at, at)
    heading = title or shortened(standfirst or plain(body[:1000]), 80) or f"Untitled {item.id}".strip()
    if not title:
        notes.append("has no title: it got its first words as one")
    if len(heading) > 300:
        notes.append("its title was longer than 300 characters and is cut")
    if item.comments:
        notes.append(f"{item.comments} comments were not kept" if item.comments > 1 else "a comment was not kept")
    return Story(
        candidate=candidate,
        slug=slugify(item.slug) or slugify(title) or slugify(f"{item.type}-{item.id}"),
        title=shortened(heading, 300),
        standfirst=standfirst,
        body=body,
        state=state,
        published_at=published_at,
        updated_at=min(moment(item.modified_gmt) or published_at or at, at),
        paths=old_paths(item, base_url),
        notes=[*state_notes, *notes, *candidate.filing.notes],
    )


def publication(item: Item, published_at: datetime | None, at: datetime) -> tuple[str, datetime | None, list[str]]:
    """(state, when it is or was published, notes)."""
    state, notes = STATES.get(item.status, DRAFT), []
    if item.status not in STATES:
        notes.append(f"has the status {item.status[:60]!r}: a draft here")
    if item.status == "private":
        notes.append("was private: a draft here")
    if item.password:
        state = DRAFT
        notes.append("was behind a password: a draft here")
    if item.status in ("draft", "pending", "auto-draft"):
        return state, None, notes
    if state == LIVE and item.type == "page" and published_at and published_at > at + timedelta(minutes=1):
        return DRAFT, None, [*notes, "was to be published later, which pages cannot: a draft here"]
    if state == LIVE and published_at is None:
        notes.append("has no date: published with the import")
        published_at = at
    return state, published_at, notes
