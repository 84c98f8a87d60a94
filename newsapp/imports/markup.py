"""An item's content, as WordPress stores it, as the HTML of an article; and its titles as plain text."""

from __future__ import annotations

import html
import re
from collections import Counter
from urllib.parse import unquote, urljoin, urlsplit

import nh3

from newsapp.imports.shortcodes import without_shortcodes
from newsapp.news.paragraphs import paragraphs
from newsapp.news.sanitise import sanitise, too_tangled

# Elements that articles have under another name.
RENAMED = re.compile(r"<(/?)(h1|h5|h6|address)(?=[\s>/])", re.IGNORECASE)
NAMES = {"h1": "h2", "h5": "h4", "h6": "h4", "address": "p"}
DROPPED = re.compile(r"<(script|iframe|object|embed|video|audio|form|svg|canvas|applet)\b([^<>]{0,600})", re.IGNORECASE)
SOURCE = re.compile(r"""\b(?:src|data)\s*=\s*["']?(https?://[^\s"'<>]{1,300})""", re.IGNORECASE)
# Of sanitised HTML, where every attribute is quoted and escaped.
LINK_OR_PICTURE = re.compile(r'<(/?a|img)((?: [a-z-]+="[^"]*")*)>')
ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
EMPTY = re.compile(r"<(p|div|span|figure|figcaption|li|ul|blockquote)(?: [a-z-]+=\"[^\"]*\")*>(?:\s|&nbsp;|<br>)*</\1>")
MOST_PLAIN = 20_000  # characters of a title or an excerpt that are looked at
BLANK_LINES = re.compile(r"\n{3,}")


def body_of(content: str, base_url: str) -> tuple[str, list[str]]:
    """(sanitised HTML, notes on what could not be kept)."""
    text, shortcodes = without_shortcodes(without_comments(content))
    notes = ["its markup was too tangled: only the paragraphs were kept"] if too_tangled(text) else []
    notes += [f"shortcode [{name}] dropped, {count} times" if count > 1 else f"shortcode [{name}] dropped" for name, count in shortcodes.items()]
    notes += dropped_elements(text)
    text = RENAMED.sub(lambda found: f"<{found[1]}{NAMES[found[2].lower()]}", text)
    body, pictures = with_linked_pictures(sanitise(paragraphs(text)), base_url)
    if pictures:
        notes.append(f"{pictures} pictures in the text became links to them" if pictures > 1 else "a picture in the text became a link to it")
    return BLANK_LINES.sub("\n\n", without_empty(sanitise(body))).strip(), notes


def without_comments(text: str) -> str:
    """The marks of blocks taken out; <!--more--> and <!--nextpage--> end a paragraph."""
    parts, position = [], 0
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start + 4)
        parts.append(text[position:start])
        if text.startswith(("<!--more", "<!--nextpage"), start):
            parts.append("\n\n")
        position = end + 3 if end >= 0 else len(text)
    return "".join([*parts, text[position:]])


def without_empty(body: str) -> str:
    """What dropped elements left behind: boxes with nothing in them, and boxes of those."""
    for _ in range(4):
        body, found = EMPTY.subn("", body)
        if not found:
            break
    return body


def dropped_elements(text: str) -> list[str]:
    """A note on each sort of element that articles do not have, with the address it showed."""
    counts: Counter[str] = Counter()
    addresses: dict[str, list[str]] = {}
    for found in DROPPED.finditer(text):
        name = found[1].lower()
        counts[name] += 1
        if source := SOURCE.search(found[2]):
            addresses.setdefault(name, []).append(source[1])
    return [f"<{name}> dropped, {count} in all{shown(addresses.get(name, []))}" for name, count in counts.items()]


def shown(addresses: list[str]) -> str:
    return f": {', '.join(addresses[:5])}" if addresses else ""


def with_linked_pictures(body: str, base_url: str) -> tuple[str, int]:
    """(the HTML with each <img> as a link to its picture, how many): readers' browsers load nothing from other sites."""
    parts, position, inside, pictures = [], 0, False, 0
    for found in LINK_OR_PICTURE.finditer(body):
        if found[1] == "img":
            replacement = picture_link(dict(ATTRIBUTE.findall(found[2])), base_url, inside)
            parts += [body[position : found.start()], replacement]
            pictures += "<a" in replacement or (inside and bool(replacement))
            position = found.end()
        else:
            inside = found[1] == "a"
    return "".join([*parts, body[position:]]), pictures


def picture_link(attributes: dict[str, str], base_url: str, inside_link: bool) -> str:
    """What stands for a picture: its alt text or file name, linked. Emoji become text, pixels for counting nothing."""
    source = absolute(html.unescape(attributes.get("src", "")), base_url)
    alt = " ".join(html.unescape(attributes.get("alt", "")).split())
    if "/images/core/emoji/" in source or "/smilies/" in source:
        return html.escape(alt)
    if attributes.get("width") in ("0", "1") or attributes.get("height") in ("0", "1") or not source:
        return html.escape(alt) if not source else ""
    words = html.escape(alt or unquote(urlsplit(source).path.rpartition("/")[2])[:120] or urlsplit(source).netloc)
    return words if inside_link else f'<a href="{html.escape(source)}">{words}</a>'


def absolute(address: str, base_url: str) -> str:
    """An http address, resolved against the blog's; empty for any other."""
    try:
        full = urljoin(base_url, address.strip())
        parts = urlsplit(full)
    except ValueError:
        return ""
    return full if address and parts.scheme in ("http", "https") and parts.netloc else ""


def plain(text: str) -> str:
    """A title or excerpt as one line of text."""
    return " ".join(html.unescape(nh3.clean(text[:MOST_PLAIN], tags=set())).split())


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words."""
    if len(text) <= limit:
        return text
    return (text[: limit - 1].rpartition(" ")[0] or text[: limit - 1]) + "…"
