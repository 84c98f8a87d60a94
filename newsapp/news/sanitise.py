"""The one door through which HTML enters the paper: what is not listed here is dropped."""

from __future__ import annotations

import re

import nh3

TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "q", "cite", "em", "strong", "b", "i", "u", "s",
    "sub", "sup", "small", "mark", "abbr", "time", "code", "pre", "kbd", "a", "figure", "figcaption", "img", "div", "span", "aside",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height", "loading"},
    "div": {"data-related", "data-article"},
    "figure": {"data-picture", "data-width", "data-embed"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "ol": {"start", "reversed"},
    "time": {"datetime"},
    "abbr": {"title"},
    "blockquote": {"cite"},
}
CLASSES = {"figure": {"pull-quote", "quote"}, "aside": {"fact-box"}, "strong": {"dateline"}, "span": {"dateline", "credit"}}

# A parser looks through all open elements at each block it meets, so nesting costs its square: 100,000 <div> take 20 s.
BLOCK_OPENING = re.compile(
    r"<(?:div|blockquote|aside|figure|figcaption|[uod]l|pre|table|section|article|header|footer|main|nav|center"
    r"|details|menu|address|summary|hgroup|search|dialog|fieldset|form)\b",
    re.IGNORECASE,
)
MOST_BLOCKS, MOST_TAGS = 5_000, 20_000
NOT_A_PARAGRAPH = re.compile(r"</?(?!(?:p|br)\b)[a-zA-Z!?][^<>]*>?", re.IGNORECASE)

# What is left of an attribute when none of its classes may stay; in clean HTML every < of the text is &lt;.
EMPTY_CLASS = re.compile(r'(<(?:figure|aside|strong|span)\b[^<>]*?) class=""')


def sanitise(html: str) -> str:
    """HTML with only the tags, attributes, classes and address schemes that a news article needs.

    Of markup that is too tangled only the paragraphs stay, so that no text takes more than a moment.
    """
    if too_tangled(html):
        html = NOT_A_PARAGRAPH.sub(" ", html)
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        clean_content_tags={"script", "style", "iframe", "object", "template", "noscript", "title"},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener",
        strip_comments=True,
    )
    return EMPTY_CLASS.sub(r"\1", clean)


def too_tangled(html: str) -> bool:
    """Whether there is more markup than any article has."""
    return html.count("<") > MOST_TAGS or (html.count("<") > MOST_BLOCKS and len(BLOCK_OPENING.findall(html)) > MOST_BLOCKS)
