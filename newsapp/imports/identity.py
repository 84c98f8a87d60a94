"""Which item is which: the name that tells it from all others, in this file and in every later one."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

from newsapp.imports.items import Item


def origin_of(item: Item, base_url: str) -> str:
    """The item's GUID, else its link, else its number on its blog."""
    name = item.guid or item.link or (f"{base_url}?p={item.id}" if item.id else item.title + item.date)
    return f"wordpress:{shortened(name)}"


def shortened(name: str) -> str:
    return name if len(name) <= 250 else name[:210] + blake2b(name.encode("utf-8", "replace"), digest_size=16).hexdigest()


class Identities:
    """Who has had which origin in this file, in a temporary file of SQLite's.

    The same GUID twice is the same item. But blogs that were copied or merged have posts that share a GUID and differ
    in slug; the later one gets an origin of its own, else it would overwrite the first.
    """

    def __init__(self) -> None:
        self.tables = sqlite3.connect("")
        self.tables.execute("CREATE TABLE seen (origin TEXT PRIMARY KEY, id TEXT, slug TEXT)")

    def origin_of(self, item: Item, base_url: str) -> tuple[str, bool]:
        """(the origin, whether another item had it first)."""
        origin = origin_of(item, base_url)
        self.tables.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (origin, item.id, item.slug))
        first_id, first_slug = self.tables.execute("SELECT id, slug FROM seen WHERE origin = ?", (origin,)).fetchone()
        if item.slug in ("", first_slug) or not first_slug:
            return origin, False
        own = item.id if item.id not in ("", first_id) else shortened(item.slug)
        return f"{origin[:250]}#{own[:40]}", True
