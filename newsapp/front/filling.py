"""FILLINGS: what can fill a slot of the front page, and how its story is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from newsapp.front.models import MOST_VIEWED, NEWEST, STORY, Slot
from newsapp.news.models import Article
from newsapp.traffic.asked import Asked, scope_of
from newsapp.traffic.windows import BY_SLUG

Ranked = Callable[[Asked], list[int]]  # the ids of a list of Most Viewed, the first first
DEEP = 40  # places of a list that are looked at: some are on the page already


@dataclass
class Stock:
    """The stories at hand for one making of the page, and those that stand on it already."""

    stories: dict[int, Article]  # by id, newest first
    ranked: Ranked
    used: set[int] = field(default_factory=set)

    def take(self, ids: Iterable[int]) -> Article | None:
        """The first of these that is at hand and not on the page yet; now it is."""
        found = next((self.stories[each] for each in ids if each in self.stories and each not in self.used), None)
        if found:
            self.used.add(found.id)
        return found


@dataclass(frozen=True)
class Filling:
    """One way to fill a slot: the ids that it would have, the best first."""

    kind: str
    label: str
    help: str
    ids: Callable[[Slot, Stock], Iterable[int]]


def asked_for(slot: Slot) -> Asked:
    """The list that a slot of Most Viewed shows."""
    return Asked(scope_of(slot.section_id), BY_SLUG[slot.window])


def of_list(slot: Slot, stock: Stock) -> Iterable[int]:
    return stock.ranked(asked_for(slot))[:DEEP]


def of_section(slot: Slot, stock: Stock) -> Iterable[int]:
    return [story.id for story in stock.stories.values() if story.section_id == slot.section_id]


# In the order in which slots are filled: what was chosen by name is not taken by a list.
FILLINGS = (
    Filling(STORY, "A story", "One that you choose.", lambda slot, stock: [slot.article_id or 0]),
    Filling(MOST_VIEWED, "Most Viewed", "The first of a list that stands nowhere else on the page.", of_list),
    Filling(NEWEST, "Newest of a section", "Its newest story that stands nowhere else on the page.", of_section),
)
BY_KIND = {filling.kind: filling for filling in FILLINGS}
