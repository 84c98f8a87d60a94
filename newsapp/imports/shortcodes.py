"""Shortcodes: [caption] becomes a figure, those that embed leave their address, the others go. Brackets of the text stay."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

# What WordPress and its commonest plugins bring. Unknown ones are known by an attribute or a closing tag: [sic] and [1] are text.
CAPTIONS = ("caption", "wp_caption")
EMBEDS = ("embed", "youtube", "vimeo", "twitter", "tweet", "instagram", "soundcloud", "facebook", "tiktok", "audio", "video", "flickr", "spotify")
DROPPED = (
    "gallery", "playlist", "slideshow", "contact-form", "contact-form-7", "contact-field", "gravityform", "ninja_form", "wpforms", "poll",
    "archives", "sitemap", "toc", "table", "subscribe2", "polldaddy", "googlemaps", "recent-posts", "advanced_iframe", "iframe", "products",
)  # fmt: skip
DEEPEST = 50  # shortcodes within shortcodes
KNOWN = frozenset(CAPTIONS + EMBEDS + DROPPED)

TOKEN = re.compile(r"(\[?)\[(/?)([A-Za-z][\w-]{0,60})((?:[\s=:/][^\[\]]*)?)\](\]?)")
ATTRIBUTE = re.compile(r"^\s*(?:[\w-]+\s*=|=)")
CAPTION_ATTRIBUTE = re.compile(r"""\bcaption\s*=\s*(?:"([^"]*)"|'([^']*)')""")
ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]]+")
PICTURE = re.compile(r"\s*(?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?", re.IGNORECASE)


@dataclass
class Open:
    """A shortcode that has begun and waits for its end."""

    name: str
    attributes: str
    parts: list[str] = field(default_factory=list)


def without_shortcodes(text: str) -> tuple[str, Counter[str]]:
    """The text, and how often each shortcode was met (captions, which lose nothing, not among them)."""
    if "[" not in text:
        return text, Counter()
    tokens = list(TOKEN.finditer(text))
    closing = Counter(token[3].lower() for token in tokens if token[2])
    stack, met, position = [Open("", "")], Counter[str](), 0
    for token in tokens:
        stack[-1].parts.append(text[position : token.start()])
        position = token.end()
        take(token, stack, closing, met)
    stack[-1].parts.append(text[position:])
    while len(stack) > 1:
        unclosed = stack.pop()
        stack[-1].parts.append(rendered(unclosed.name, unclosed.attributes, "") + "".join(unclosed.parts))
    return "".join(stack[0].parts), met


def take(token: re.Match[str], stack: list[Open], closing: Counter[str], met: Counter[str]) -> None:
    """Handle one token: text, the beginning, the end, or all of a shortcode."""
    before, slash, name, attributes, after = token.groups()
    name = name.lower()
    if not (slash or name in KNOWN or closing[name] or ATTRIBUTE.match(attributes)) or (slash and not is_open(name, stack)):
        stack[-1].parts.append(token.group())
    elif before and after:  # [[gallery]] is how WordPress writes a shortcode that is meant as text
        stack[-1].parts.append(token.group()[1:-1])
    elif slash:
        closing[name] -= 1
        inner = close(name, stack)
        stack[-1].parts.append(before + inner + after)
    elif closing[name] > 0 and not attributes.endswith("/") and len(stack) < DEEPEST:
        count(name, met)
        stack[-1].parts.append(before)
        stack.append(Open(name, attributes, [after]))
    else:
        count(name, met)
        stack[-1].parts.append(before + rendered(name, attributes, "") + after)


def count(name: str, met: Counter[str]) -> None:
    if name not in CAPTIONS:
        met[name] += 1


def is_open(name: str, stack: list[Open]) -> bool:
    return any(entry.name == name for entry in stack)


def close(name: str, stack: list[Open]) -> str:
    """End the innermost shortcode of that name; what was open within it ends too."""
    inner = ""
    while True:
        entry = stack.pop()
        inner = rendered(entry.name, entry.attributes, "".join(entry.parts) + inner)
        if entry.name == name:
            return inner


def rendered(name: str, attributes: str, inner: str) -> str:
    """The HTML that stands for a shortcode."""
    if name in CAPTIONS:
        return figure(attributes, inner)
    if name in EMBEDS:
        address = ADDRESS.search(inner) or ADDRESS.search(attributes)
        return f"\n\n{address.group()}\n\n" if address else ""
    return "" if name in DROPPED else inner


def figure(attributes: str, inner: str) -> str:
    """A picture with its caption, which older versions give as an attribute."""
    picture = PICTURE.match(inner)
    shown, rest = (picture.group(), inner[picture.end() :]) if picture else ("", inner)
    given = CAPTION_ATTRIBUTE.search(attributes)
    words = rest.strip() or (given[1] or given[2] or "" if given else "")
    caption = f"<figcaption>{words}</figcaption>" if words else ""
    return f"\n\n<figure>{shown.strip()}{caption}</figure>\n\n" if shown or caption else ""
