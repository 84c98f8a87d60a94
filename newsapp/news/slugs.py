"""Addresses: short, readable, and given to nobody else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

# First parts of addresses that the site itself answers; a test holds them to its URL map.
RESERVED = (
    "feed.xml", "atom.xml", "feed.json", "feed", "rss", "category", "sections", "sitemap", "beacon", "beacon.gif", "tag", "author", "media",
    "static", "desk", "ops", "api", "most-viewed", "how-we-count", "livez", "readyz", "metrics", "sitemap.xml", "robots.txt", "favicon.ico", "search",
    "openapi.json", "corrections", "opensearch.xml", "manifest.webmanifest", "service-worker.js", "offline", "license.xml",
    ".well-known",
)  # fmt: skip
YEAR = re.compile(r"[0-9]{4}")  # what the archive's addresses begin with
FILE_ENDINGS = re.compile(r"\.(?:html?|php|aspx?)$", re.IGNORECASE)


def is_reserved(slug: str) -> bool:
    """Whether an address of the site itself begins with it."""
    return slug in RESERVED or bool(YEAR.fullmatch(slug))


def slugify(text: str, limit: int = 150) -> str:
    """Lower-case words joined by hyphens, in any script; empty when there is nothing to say."""
    text = FILE_ENDINGS.sub("", unquote(text).strip())
    text = without_latin_accents(unicodedata.normalize("NFKC", text)).lower().replace("'", "").replace("’", "")
    words = re.sub(r"[\W_]+", "-", text).strip("-")
    return words[:limit].rstrip("-")


def without_latin_accents(text: str) -> str:
    """é as e; other scripts keep their marks, which are letters to them."""
    letters = (unicodedata.normalize("NFD", letter) for letter in text)
    return "".join(parts[0] if parts[0].isascii() else unicodedata.normalize("NFC", parts) for parts in letters)


class FreeSlugs:
    """Finds slugs that are free; remembers how far it counted, so that a thousand equal titles stay quick."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], int] = {}

    def find(self, kind: str, wanted: str, taken: Callable[[str], bool]) -> str:
        """`wanted`, or the first of wanted-2, wanted-3, … that is not taken."""
        if (kind, wanted) not in self.counted and not taken(wanted):
            return wanted
        number = self.counted.get((kind, wanted), 1) + 1
        while taken(f"{wanted}-{number}"):
            number += 1
        self.counted[kind, wanted] = number
        return f"{wanted}-{number}"
