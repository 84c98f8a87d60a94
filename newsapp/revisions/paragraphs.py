"""A body as its paragraphs: the elements at its first level, and the words in them."""

from __future__ import annotations

import re
from html import unescape

# A tag of clean HTML (news/sanitise.py); a > may stand in an attribute's quotes.
TAG = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:"[^"]*"|[^">])*)>')
BLOCKS = frozenset(["p", "h2", "h3", "h4", "ul", "ol", "dl", "blockquote", "pre", "figure", "div", "aside", "table", "hr"])
ENDS_A_LINE = frozenset(["br", "p", "h2", "h3", "h4", "li", "dt", "dd", "div", "tr", "blockquote", "figcaption"])
ALT = re.compile(r'\balt="([^"]*)"')
HREF = re.compile(r'\b(?:href|src)="([^"]*)"')


def paragraphs_of(html: str) -> list[str]:
    """The elements of clean HTML at the first level, in order; loose text between them is a paragraph too."""
    found, start, depth = [], 0, 0
    for tag in TAG.finditer(html):
        closes, name = tag[1], tag[2].lower()
        if name not in BLOCKS:
            continue
        if not closes and depth == 0:
            found.append(html[start : tag.start()])
            start = tag.start()
        depth = max(0, depth - 1) if closes else depth + (name != "hr")
        if depth == 0:
            found.append(html[start : tag.end()])
            start = tag.end()
    found.append(html[start:])
    return [part for each in found if (part := each.strip())]


def words_of(html: str) -> str:
    """The text of a paragraph as a person reads it; a picture is told by its description."""

    def told(tag: re.Match[str]) -> str:
        if tag[2].lower() == "img":
            alt = ALT.search(tag[3])
            return f" [Picture: {alt[1] if alt else ''}] "
        return "\n" if tag[2].lower() in ENDS_A_LINE else ""

    lines = (" ".join(line.split()) for line in unescape(TAG.sub(told, html)).split("\n"))
    return "\n".join(line for line in lines if line)


def kind_of(html: str) -> str:
    """The name of its first element; "p" for loose text."""
    tag = TAG.match(html)
    return tag[2].lower() if tag and tag[2].lower() in BLOCKS else "p"


def links_of(html: str) -> list[str]:
    return [unescape(link) for tag in TAG.finditer(html) for link in HREF.findall(tag[3])]
