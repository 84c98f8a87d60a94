"""Thousands of patterns on one agent in microseconds: only those are tried whose rarest four letters stand in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SHORT = 8  # letters
GRAM = 4  # letters; three stand in every browser's agent by chance
# What stands in nearly every browser's agent and so tells nothing.
COMMON = (
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/140.0.0.0 safari/537.36 edg/140.0.0.0"
    "mozilla/5.0 (linux; android 10; k build/) version/4.0 mobile safari samsungbrowser/ firefox/ gecko/20100101 compatible; "
    "mozilla/5.0 (iphone; cpu iphone os 18_6 like mac os x) applewebkit/605.1.15 macintosh; intel mac os x 10_15_7 x11; linux x86_64"
)


@dataclass(frozen=True)
class Pattern:
    """A regular expression of a list, and the class of the agents that it finds."""

    text: str
    kind: str
    ignore_case: bool = True

    @property
    def is_short_word(self) -> bool:
        """Such words also stand in the names of devices and apps: core, motor, google."""
        return re.fullmatch(f"[a-z]{{1,{SHORT}}}", self.text, re.IGNORECASE) is not None

    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.text, re.IGNORECASE if self.ignore_case else 0)


class Matcher:
    """Patterns under the letters without which they cannot match, each compiled when first tried."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.by_letters: dict[str, list[Pattern]] = defaultdict(list)
        self.always: list[Pattern] = []
        for pattern in patterns:
            letters = telling_letters(needed_text(pattern.text))
            (self.by_letters[letters] if letters else self.always).append(pattern)
        self.letters = frozenset(self.by_letters)
        self.searches: dict[Pattern, re.Pattern[str]] = {}

    def found(self, agent: str) -> list[Pattern]:
        """All patterns that find the agent."""
        return [pattern for pattern in self.candidates(agent) if self.search(pattern).search(agent)]

    def candidates(self, agent: str) -> Iterator[Pattern]:
        text = agent.lower()
        yield from self.always
        for letters in self.letters.intersection([text[at : at + GRAM] for at in range(len(text) - GRAM + 1)]):
            yield from self.by_letters[letters]

    def search(self, pattern: Pattern) -> re.Pattern[str]:
        if pattern not in self.searches:
            self.searches[pattern] = pattern.compiled()
        return self.searches[pattern]


ESCAPED = re.compile(r"\\([^\w\s])")
KEPT = 0xE000  # escaped punctuation moves to the private-use area while the expression is cut up
CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
GROUP = re.compile(r"\([^()]*\)")
OPTIONAL = re.compile(r".(?:[?*]|\{\d*,?\d*\})")
CUT = re.compile(r"\\[a-zA-Z0-9]|[\0.^$+]")


def needed_text(expression: str) -> str:
    """The longest text, in small letters, that stands in everything the expression matches; "" where there is none."""
    text = ESCAPED.sub(lambda found: chr(KEPT + ord(found[1])), expression)
    text = CLASS.sub("\0", text)
    while GROUP.search(text):
        text = GROUP.sub("\0", text)
    if "|" in text:
        return ""
    parts = CUT.split(OPTIONAL.sub("\0", text))
    plain = ["".join(chr(ord(c) - KEPT) if KEPT <= ord(c) < KEPT + 128 else c for c in part) for part in parts]
    return max(plain, key=len).lower()


def telling_letters(text: str) -> str:
    """Four letters in a row of the text, rather such as no browser has; "" of a shorter text."""
    grams = [text[at : at + GRAM] for at in range(len(text) - GRAM + 1)]
    return next((gram for gram in grams if gram not in COMMON), grams[0] if grams else "")
