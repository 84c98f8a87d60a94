"""Old addresses: where readers, search engines and other sites will go on looking."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from newsapp.database import db
from newsapp.imports.items import Item
from newsapp.news.models import Article, Page, Redirect, Section, article_path
from newsapp.news.slugs import RESERVED

LONGEST = 500


@dataclass(frozen=True)
class Wanted:
    """An old address and what it shall lead to."""

    path: str
    article_id: int | None
    page_id: int | None


def old_paths(item: Item, base_url: str) -> tuple[str, ...]:
    """Every address the item had: its link, WordPress's short one, and earlier slugs in the link's pattern."""
    link = path_of(item.link)
    folder = path_of(base_url).partition("?")[0].rstrip("/")
    short = [f"/?{name}={item.id}" for name in (("p", "page_id") if item.type == "page" else ("p",)) if item.id.isdigit()]
    within = [folder + path[1:] for path in short] if folder else []
    earlier = [renamed(link, unquote(item.slug), unquote(value)) for key, value in item.meta if key == "_wp_old_slug" and value]
    return tuple(dict.fromkeys(path for path in (link, *short, *within, *earlier) if path not in ("", "/", folder) and len(path) <= LONGEST))


def path_of(address: str) -> str:
    """The part after the host, decoded, without a trailing slash; empty when there is none."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    path = re.sub("/{2,}", "/", unquote(parts.path)).rstrip("/")
    if not parts.path.startswith("/") and (parts.path or not parts.query):
        return ""
    return f"{path or '/'}?{parts.query}" if parts.query else path or "/"


def renamed(link: str, slug: str, earlier: str) -> str:
    """The link with an earlier slug at its end; empty where the pattern does not show."""
    before, slash, last = link.rpartition("/")
    return f"{before}{slash}{last.replace(slug, earlier, 1)}" if slug and slug in last and "?" not in link else ""


def place(wanted: Iterable[Wanted]) -> list[tuple[Wanted, str]]:
    """Make the redirects that are free, in the open transaction. Returns those that are not, and why."""
    by_path = {entry.path: entry for entry in reversed(list(wanted))}
    taken = own_addresses(list(by_path))
    present = {row.path: row for row in db.session.scalars(select(Redirect).where(Redirect.path.in_(by_path)))}
    refused = []
    for path, entry in by_path.items():
        row = present.get(path)
        if taken.get(path) == (entry.article_id, entry.page_id):
            continue
        if path in taken or path.split("/")[1] in RESERVED:
            refused.append((entry, "is an address of this site"))
        elif row is None:
            db.session.add(Redirect(path=path, article_id=entry.article_id, page_id=entry.page_id))
        elif (row.article_id, row.page_id) != (entry.article_id, entry.page_id):
            refused.append((entry, "leads elsewhere already"))
    return refused


def own_addresses(paths: list[str]) -> dict[str, tuple[int | None, int | None]]:
    """Those that articles, pages and sections have themselves: address -> (article id, page id)."""
    parts = [path[1:].split("/") for path in paths if "?" not in path]
    single, last = [part[0] for part in parts if len(part) == 1], [part[1] for part in parts if len(part) == 2]
    found: dict[str, tuple[int | None, int | None]] = {}
    articles = select(Section.slug, Article.slug, Article.id).join(Section, Article.section_id == Section.id).where(Article.slug.in_(last))
    for section, slug, article_id in db.session.execute(articles):
        found[article_path(section, slug)] = (article_id, None)
    found |= {f"/{slug}": (None, None) for slug in db.session.scalars(select(Section.slug).where(Section.slug.in_(single)))}
    found |= {f"/{slug}": (None, page_id) for slug, page_id in db.session.execute(select(Page.slug, Page.id).where(Page.slug.in_(single)))}
    return found
