"""Categories become sections, further ones and tags become tags, creators become authors."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from newsapp.changes import touch
from newsapp.database import db
from newsapp.imports.items import Category, Item, Term
from newsapp.imports.markup import plain, shortened
from newsapp.imports.wxr import Export
from newsapp.news.models import LIVE, Article, Author, Page, Section, Tag
from newsapp.news.slugs import FreeSlugs, is_reserved, slugify

# WordPress's category for what has none, as its languages name it.
UNCATEGORISED = (
    "uncategorized", "uncategorised", "sin-categoria", "non-classe", "senza-categoria", "sem-categoria", "unkategorisiert", "nicht-kategorisiert",
    "geen-categorie", "niet-gecategoriseerd", "okategoriserade", "ikke-kategoriseret", "ukategorisert", "bez-kategorii", "nezarazene", "kategorisiz",
)  # fmt: skip
# Ways of sorting that say nothing to readers.
INTERNAL = ("post_format", "nav_menu", "link_category", "author", "wp_theme", "translation_priority")


@dataclass(frozen=True)
class Kind:
    """A table of terms and how long its slugs may be."""

    model: type[Section] | type[Tag] | type[Author]
    limit: int


KINDS = {"section": Kind(Section, 70), "tag": Kind(Tag, 110), "author": Kind(Author, 110)}


@dataclass(frozen=True)
class Filing:
    """Where an item belongs."""

    section: Term
    tags: tuple[Term, ...]
    authors: tuple[Term, ...]
    notes: tuple[str, ...] = ()


def filing_of(item: Item, export: Export, default_section: str) -> Filing:
    """The most specific category as section, all else as tags, the creators as authors."""
    categories = [term for term in item.terms if term.domain == "category"] or [term for term in item.terms if not term.domain]
    categories = [term for term in categories if slugify(term.slug or term.name) not in UNCATEGORISED]
    main = main_category(item, categories, export.categories)
    section = term_of("section", main.slug, main.name) if main else term_of("section", "", default_section)
    tags = [term for term in categories if term != main] + [term for term in item.terms if term.domain in ("post_tag", "tag")]
    named = dict.fromkeys(term_of("tag", term.slug, term.name) for term in tags)
    return Filing(section, tuple(term for term in named if term.name), authors_of(item, export), other_terms(item))


def main_category(item: Item, categories: list[Term], declared: dict[str, Category]) -> Term | None:
    """The one that an editor chose as primary, else the deepest, else the first."""
    primary = dict(item.meta).get("_yoast_wpseo_primary_category")
    for term in categories:
        if primary and term.slug in declared and declared[term.slug].term_id == primary:
            return term
    return max(categories, key=lambda term: depth(term.slug, declared), default=None)


def depth(slug: str, declared: dict[str, Category]) -> int:
    """How many categories are above; a circle of parents ends."""
    steps = 0
    while slug in declared and declared[slug].parent and steps < 20:
        slug, steps = declared[slug].parent, steps + 1
    return steps


def authors_of(item: Item, export: Export) -> tuple[Term, ...]:
    """The byline: co-authors where a plugin keeps them, else the creator. An e-mail address is never shown."""
    shared = [term for term in item.terms if term.domain == "author"]
    if shared:
        named = [(term.slug.removeprefix("cap-"), term.name) for term in shared]
    else:
        named = [(item.creator, export.authors.get(item.creator) or item.creator)] if item.creator else []
    site = export.base_url.partition("://")[2].strip("/").removeprefix("www.")
    return tuple(Term("author", f"{site}:{login}", person(name) or person(login) or "Staff") for login, name in named)


def person(name: str) -> str:
    return shortened(plain(name).partition("@")[0].strip(), 120)


def other_terms(item: Item) -> tuple[str, ...]:
    others = sorted({term.domain for term in item.terms} - {"", "category", "post_tag", "tag", *INTERNAL})
    return tuple(f"sorted under {name!r} too, which was not kept" for name in others)


def term_of(domain: str, slug: str, name: str) -> Term:
    return Term(domain, slug, shortened(plain(name) or plain(slug), 120))


class Vocabulary:
    """The ids of terms, made when they are first met. Works inside the open write transaction."""

    def __init__(self) -> None:
        self.slugs = FreeSlugs()
        self.ids: dict[Term, int] = {}
        self.made: set[str] = set()  # kinds of what this transaction made

    def forget(self) -> None:
        """After a rollback: what was made is no more."""
        self.ids.clear()
        self.made.clear()

    def id_of(self, term: Term) -> int:
        if term not in self.ids:
            self.ids[term] = self.find(term) or self.make(term)
        return self.ids[term]

    def find(self, term: Term) -> int | None:
        """One that this import made before; else one of that name, but authors only when they were made at the desk."""
        model = KINDS[term.domain].model
        found = db.session.scalar(select(model.id).where(model.origin == origin_of(term)))
        if found is None:
            same_name = select(model.id).where(or_(model.name == term.name, func.lower(model.name) == term.name.lower())).order_by(model.id)
            found = db.session.scalar(same_name.where(model.origin.is_(None)) if model is Author else same_name)
        return found

    def make(self, term: Term) -> int:
        kind = KINDS[term.domain]
        wanted = slugify(term.name if kind.model is Author else term.slug or term.name, kind.limit) or slugify(term.name, kind.limit) or term.domain
        slug = self.slugs.find(term.domain, wanted, lambda slug: is_taken(slug, kind.model))
        row = kind.model(slug=slug, name=term.name, origin=origin_of(term))
        db.session.add(row)
        db.session.flush()
        self.made.add(term.domain)
        return row.id


def origin_of(term: Term) -> str:
    return f"wordpress:{term.domain}:{term.slug or term.name}"[:300]


def is_taken(slug: str, model: type[Section] | type[Tag] | type[Author]) -> bool:
    """Sections share the first level of addresses with pages and with the site's own."""
    if model is Section:
        return first_level_taken(slug)
    return db.session.scalar(select(model.id).where(model.slug == slug)) is not None


def first_level_taken(slug: str) -> bool:
    taken = (select(model.id).where(model.slug == slug) for model in (Section, Page))
    return is_reserved(slug) or any(db.session.scalar(query) is not None for query in taken)


def rank_sections() -> None:
    """Give imported sections that nobody has placed yet their order: those with most stories first."""
    stories = select(func.count(Article.id)).where(Article.section_id == Section.id, Article.state == LIVE).scalar_subquery()
    unplaced = select(Section).where(Section.origin.like("wordpress:%"), Section.position >= UNPLACED).order_by(stories.desc(), Section.name)
    sections = list(db.session.scalars(unplaced))
    if [section.position for section in sections] != (order := list(range(UNPLACED, UNPLACED + len(sections)))):
        for section, position in zip(sections, order, strict=True):
            section.position = position
        touch("site")


UNPLACED = 100  # the position that a section has until somebody gives it another
