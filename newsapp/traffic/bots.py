"""Which user agents are programs, and of which class: first what the lists name, then what bears the signs of one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from time import monotonic

from newsapp.config import Config
from newsapp.traffic.agents.classes import MOST_TELLING
from newsapp.traffic.agents.lists import BotList, current, stamp
from newsapp.traffic.agents.matcher import Matcher
from newsapp.traffic.agents.signs import of_a_program

LONGEST = 1000  # characters; no browser sends more
REMEMBERED = 16384  # agents; a day's readers of a large paper have about a thousand
LOOK_EVERY = 60.0  # seconds; then a list that was renewed meanwhile is taken up


def lists_home(config: Config) -> Path:
    """Where renewed lists lie."""
    home: Path = config["NEWSAPP_HOME"]
    return home / "lists"


def matcher_of(lists: list[BotList]) -> Matcher:
    return Matcher(pattern for one in lists for pattern in one.entries())


@dataclass
class Lists:
    """The lists in use in this process: those of a home as they are renewed, until then those that newsapp comes with."""

    home: Path | None = None
    matcher: Matcher | None = None
    stamp: tuple[float, ...] = ()
    look_at: float = 0.0
    loading: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, home: Path) -> None:
        """From now on, take what is renewed there."""
        self.home, self.look_at = home, 0.0

    def look(self, at: float) -> None:
        """Take up lists that changed since the last look. Whoever comes meanwhile goes on with those before; the first time, they wait."""
        if self.matcher is not None:
            self.look_at = at + LOOK_EVERY
        with self.loading:
            found = stamp(self.home)
            if self.matcher is None or found != self.stamp:
                self.matcher, self.stamp = matcher_of(current(self.home)), found
                judged.cache_clear()
            self.look_at = at + LOOK_EVERY


LISTS = Lists()
follow = LISTS.follow


def classify(agent: str) -> str:
    """The name of an agent's class in CLASSES: "" for a reader."""
    if (at := monotonic()) >= LISTS.look_at:
        LISTS.look(at)
    return judged(agent)


def is_bot(agent: str) -> bool:
    """Whether an agent is a program's."""
    return classify(agent) != ""


@lru_cache(maxsize=REMEMBERED)
def judged(agent: str) -> str:
    assert LISTS.matcher is not None  # classify has looked
    return verdict(agent, LISTS.matcher)


def verdict(agent: str, matcher: Matcher) -> str:
    """What these lists and the signs say of an agent, remembered nowhere.

    A short word of a list is believed only where the agent is not a reader's in all else.
    """
    if not agent.strip() or len(agent) > LONGEST:
        return "unknown"
    found = matcher.found(agent)
    sure = {pattern.kind for pattern in found if not pattern.is_short_word}
    if not sure and not of_a_program(agent):
        return ""
    kinds = sure | {pattern.kind for pattern in found}
    return next((kind for kind in MOST_TELLING if kind in kinds), "unknown")
