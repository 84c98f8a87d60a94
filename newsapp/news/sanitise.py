"""The one door through which HTML enters the paper: what is not listed here is dropped."""

from __future__ import annotations

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
    "div": {"data-related"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "ol": {"start", "reversed"},
    "time": {"datetime"},
    "abbr": {"title"},
    "blockquote": {"cite"},
}
CLASSES = {"figure": {"pull-quote"}, "strong": {"dateline"}, "span": {"dateline", "credit"}}


def sanitise(html: str) -> str:
    """HTML with only the tags, attributes, classes and address schemes that a news article needs."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        clean_content_tags={"script", "style", "iframe", "object", "template", "noscript", "title"},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener",
        strip_comments=True,
    )
