"""What the elements of an export say: items, terms and categories as records, whatever version wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

META = ("_thumbnail_id", "_wp_attachment_image_alt", "_wp_old_slug", "_yoast_wpseo_primary_category")


@dataclass(frozen=True)
class Term:
    """A category, a tag, or an author, as an item names it."""

    domain: str
    slug: str
    name: str


@dataclass(frozen=True)
class Category:
    """A category as the head of the file declares it."""

    term_id: str
    slug: str
    name: str
    parent: str


@dataclass(frozen=True)
class Item:
    """One <item>, its texts as they stand in the file."""

    id: str = ""
    type: str = ""
    title: str = ""
    link: str = ""
    guid: str = ""
    creator: str = ""
    content: str = ""
    excerpt: str = ""
    status: str = ""
    slug: str = ""
    password: str = ""
    sticky: bool = False
    menu_order: str = ""
    date: str = ""
    date_gmt: str = ""
    modified_gmt: str = ""
    pub_date: str = ""
    attachment_url: str = ""
    terms: tuple[Term, ...] = ()
    meta: tuple[tuple[str, str], ...] = ()
    comments: int = 0


# Where each text of an item stands: the sort of namespace, and the name.
PLACES = {
    "id": "wp:post_id", "type": "wp:post_type", "title": ":title", "link": ":link", "guid": ":guid", "creator": "dc:creator",
    "content": "content:encoded", "excerpt": "excerpt:encoded", "status": "wp:status", "slug": "wp:post_name",
    "password": "wp:post_password", "menu_order": "wp:menu_order", "date": "wp:post_date", "date_gmt": "wp:post_date_gmt",
    "modified_gmt": "wp:post_modified_gmt", "pub_date": ":pubDate", "attachment_url": "wp:attachment_url",
}  # fmt: skip


def kind_of(namespace: str) -> str:
    """wp, excerpt, content, dc, or nothing: exports differ in versions, and in http and https."""
    if "wordpress.org/export/" in namespace:
        return "excerpt" if namespace.rstrip("/").endswith("excerpt") else "wp"
    if namespace.startswith("http://purl.org/"):
        return "dc" if "/dc/" in namespace else "content"
    return ""


def qualified(element: Any) -> tuple[str, str]:
    namespace, _, name = element.tag.rpartition("}")
    return kind_of(namespace[1:]), name


def text_of(element: Any) -> str:
    return "".join(element.itertext()).strip()


def item_of(element: Any) -> Item:
    texts: dict[str, str] = {}
    for child in element:
        kind, name = qualified(child)
        texts.setdefault(f"{kind}:{name}", text_of(child))
    known = {name: texts.get(place, "") for name, place in PLACES.items()}
    known["creator"] = known["creator"] or texts.get("wp:author", "")
    return Item(
        **known,
        sticky=texts.get("wp:is_sticky") == "1",
        terms=terms_of(element),
        meta=meta_of(element),
        comments=sum(qualified(child) == ("wp", "comment") for child in element),
    )


def terms_of(element: Any) -> tuple[Term, ...]:
    """The item's terms; version 1.0 lists each twice, the first time without a slug."""
    found = [Term(child.get("domain", ""), child.get("nicename", ""), text_of(child)) for child in element if qualified(child) == ("", "category")]
    slugs = any(term.slug for term in found)
    return tuple(dict.fromkeys(term for term in found if term.name and (term.slug or not slugs)))


def meta_of(element: Any) -> tuple[tuple[str, str], ...]:
    pairs = []
    for child in element:
        if qualified(child) == ("wp", "postmeta"):
            texts = {qualified(part)[1]: text_of(part) for part in child}
            pairs.append((texts.get("meta_key", ""), texts.get("meta_value", "")))
    return tuple(pair for pair in pairs if pair[0] in META)


def empty(element: Any) -> None:
    """Free what an element holds; its place stays."""
    for child in list(element):
        element.remove(child)
    element.text = None


def discard(element: Any) -> None:
    """Free an element and what stood before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
