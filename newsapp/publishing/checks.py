"""CHECKS: what is looked at before a story goes out. How much each weighs is a setting made from its record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import unescape

OFF, WARN, BLOCK = "off", "warn", "block"
WEIGHTS = ((OFF, "Is not checked"), (WARN, "Warns: publishing takes one more click"), (BLOCK, "Blocks publishing"))
LONGEST_HEADLINE, LONGEST_IN_LISTS = 90, 65
MARK = re.compile(r"\b(TK|TKTK|XXX+|TODO|FIXME|LOREM IPSUM)\b|\?\?\?")
TAG = re.compile(r"<[^>]*>")
IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
ALT = re.compile(r"""\balt\s*=\s*("[^"]+"|'[^']+')""", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """A story as it is about to go out, in plain values. Broken links are found beforehand, since that asks others."""

    headline: str = ""
    list_headline: str = ""
    standfirst: str = ""
    body: str = ""
    section: str = ""
    bylines: tuple[str, ...] = ()
    has_picture: bool = False
    alt: str = ""
    broken_inside: tuple[str, ...] = ()
    broken_outside: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """All words of it, without markup."""
        return " ".join((self.headline, self.list_headline, self.standfirst, unescape(TAG.sub(" ", self.body))))


@dataclass(frozen=True)
class Check:
    """One thing to look at. `test` says what is wrong, or nothing; `field` is the part of the form that mends it."""

    name: str
    label: str
    help: str
    field: str
    test: Callable[[Draft], str]
    weight: str = WARN

    @property
    def setting(self) -> str:
        return f"check_{self.name}"


@dataclass(frozen=True)
class Problem:
    """What a check found."""

    check: Check
    words: str
    weight: str

    @property
    def blocks(self) -> bool:
        return self.weight == BLOCK


def too_long(text: str, most: int) -> str:
    return f"{len(text)} characters; at most {most} are read at a glance." if len(text) > most else ""


def alt_text(draft: Draft) -> str:
    if draft.has_picture and not draft.alt:
        return "The picture has no description for readers who cannot see it."
    bare = [image for image in IMAGE.findall(draft.body) if not ALT.search(image)]
    return f"{len(bare)} of the pictures in the story {'has' if len(bare) == 1 else 'have'} no description." if bare else ""


def in_lists(draft: Draft) -> str:
    if draft.list_headline:
        return too_long(draft.list_headline, LONGEST_IN_LISTS)
    return "The headline is long for lists; write a shorter one for them." if len(draft.headline) > LONGEST_IN_LISTS + 20 else ""


def unfinished(draft: Draft) -> str:
    marks = sorted({found[0] for found in MARK.finditer(draft.text)})
    return f"Not finished: {', '.join(marks)}." if marks else ""


def named(links: Iterable[str]) -> str:
    return " ".join(f"{link}." for link in links)


CHECKS = (
    Check("headline", "Headline length", f"At most {LONGEST_HEADLINE} characters.", "headline", lambda d: too_long(d.headline, LONGEST_HEADLINE)),
    Check("list_headline", "Headline in lists", f"At most {LONGEST_IN_LISTS} characters.", "list_headline", in_lists),
    Check("standfirst", "Standfirst", "Lists, search engines and shared links show it.", "standfirst",
          lambda d: "" if d.standfirst else "There is none; lists and search engines show it."),
    Check("section", "Section", "Where it stands in the paper.", "section", lambda d: "" if d.section else "It stands in no section.", BLOCK),
    Check("byline", "Byline", "Who wrote it.", "bylines", lambda d: "" if d.bylines else "Nobody is named as its author."),
    Check("picture", "Picture", "Cards without one are passed over.", "picture", lambda d: "" if d.has_picture else "It has no picture."),
    Check("alt_text", "Descriptions of pictures", "For readers who cannot see them.", "alt", alt_text, BLOCK),
    Check("links_inside", "Links within the paper", "They lead to pages that readers can see.", "body", lambda d: named(d.broken_inside), BLOCK),
    Check("links_outside", "Links to other sites", "They answered when they were last asked.", "body", lambda d: named(d.broken_outside)),
    Check("unfinished", "Unfinished marks", "TK, XXX, TODO and ??? stand nowhere in it.", "body", unfinished, BLOCK),
)  # fmt: skip


def problems(draft: Draft, weights: dict[str, str]) -> list[Problem]:
    """What stands against publishing it, by the paper's weights (setting name → weight); what blocks comes first."""
    found = [Problem(check, words, weight) for check in CHECKS if (weight := weights[check.setting]) != OFF and (words := check.test(draft))]
    return sorted(found, key=lambda problem: not problem.blocks)
