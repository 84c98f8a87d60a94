"""Composing the front page: which story stands in which slot, and how each section's block is laid out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle

from sqlalchemy import select

from newsapp.front.filling import FILLINGS, Ranked, Stock, asked_for
from newsapp.front.models import MOST_VIEWED, NEWEST, STORY, TOP, Slot, in_force
from newsapp.news import lists
from newsapp.news.models import Article, Section, live_articles

PICTURED = 3  # slots beside the lead whose stories have pictures
BLOCK = 7
BLOCKS = 12  # sections that have a block; a paper of fifty has a menu for the rest
COLUMNS = 4
RHYTHM = ("large", "columns", "large flip", "columns")  # never two alike in a row
VOICES = "opinion"  # the section whose writers' names come before their headlines


@dataclass(frozen=True)
class Block:
    """One section on the front page."""

    section: Section
    layout: str
    stories: list[Article]


@dataclass(frozen=True)
class Front:
    """The front page. `more` are further stories of the lead's section; `slots` those that editors filled, by place."""

    lead: Article | None
    more: list[Article]
    beside: list[Article]
    also: list[Article]
    blocks: list[Block]
    top: dict[int, Article] = field(default_factory=dict)
    slots: dict[int, Slot] = field(default_factory=dict)


def compose(at: datetime, slots: Iterable[Slot], ranked: Ranked, only_top: bool = False) -> Front:
    """The front page of a moment, in a few statements however large the archive; `only_top` leaves out the sections' blocks."""
    sections, holding = [] if only_top else lists.sections()[:BLOCKS], in_force(slots, at)
    found = lists.of_any(candidates(sections, holding.values(), ranked, at))
    stock = Stock({story.id: story for story in found if story.is_live(at)}, ranked)
    chosen = chosen_stories(holding, stock)
    top = filled_up(chosen, stock)
    if not top:
        return Front(None, [], [], [], [])
    first, *rest = sorted(top)
    others = [story for story in stock.stories.values() if story.id not in stock.used]
    more = [story for story in others if story.section_id == top[first].section_id][:2]
    blocks = arrange(sections, [story for story in others if story not in more])
    beside = [place for place in rest if place <= 1 + PICTURED]
    also = [top[place] for place in rest if place > 1 + PICTURED]
    filled = {place: slot for place, slot in holding.items() if place in chosen}
    return Front(top[first], more, [top[place] for place in beside], also, blocks, top, filled)


def candidates(sections: Iterable[Section], slots: Iterable[Slot], ranked: Ranked, at: datetime) -> list[lists.Query]:
    """Queries that together find every story that could be on the front page, and some that are not live."""
    slots = list(slots)
    named = {slot.article_id for slot in slots if slot.kind == STORY and slot.article_id}
    listed = {each for slot in slots if slot.kind == MOST_VIEWED for each in ranked(asked_for(slot))}
    filled = {section.id for section in sections} | {slot.section_id for slot in slots if slot.kind == NEWEST and slot.section_id}
    chosen = select(Article).where(Article.id.in_(sorted(named | listed)))  # asked for live ones, SQLite would look through all that are
    return [chosen, live_articles(at).limit(2 * TOP), *(lists.in_section(each, at).limit(TOP + BLOCK) for each in sorted(filled))]


def chosen_stories(holding: dict[int, Slot], stock: Stock) -> dict[int, Article]:
    """The stories of the slots that editors filled, by place. A slot whose story is not live stays free."""
    chosen = {}
    for filling in FILLINGS:
        for place, slot in sorted(holding.items()):
            if slot.kind == filling.kind and (story := stock.take(filling.ids(slot, stock))):
                chosen[place] = story
    return chosen


def filled_up(chosen: dict[int, Article], stock: Stock) -> dict[int, Article]:
    """All places: those left free get the newest stories, those with pictures where pictures are shown."""
    free = [place for place in range(1, TOP + 1) if place not in chosen]
    newest = [story for story in stock.stories.values() if story.id not in stock.used][: len(free)]
    stock.used.update(story.id for story in newest)
    lead = newest[:1] if 1 in free else []
    rest = pictures_first(newest[len(lead) :], sum(1 < place <= 1 + PICTURED for place in free))
    return chosen | dict(zip(free, [*lead, *rest], strict=False))


def pictures_first(stories: list[Article], count: int) -> list[Article]:
    """The first `count` that have a picture come first; else the order stays."""
    pictured = [story for story in stories if story.picture and story.picture.variants][:count]
    return [*pictured, *(story for story in stories if story not in pictured)]


def arrange(sections: Iterable[Section], stories: list[Article]) -> list[Block]:
    """A block for each section that has stories left."""
    rhythm = cycle(RHYTHM)
    blocks = []
    for section in sections:
        own = [story for story in stories if story.section_id == section.id]
        if own:
            blocks.append(block(section, own, "voices" if section.slug == VOICES else next(rhythm)))
    return blocks


def block(section: Section, stories: list[Article], wanted: str) -> Block:
    """A block in the wanted layout, or in one that its stories fill: a mix of five and more, a large one with some beside it, one alone."""
    shown = pictures_first(stories[:BLOCK], 3)
    if wanted == "voices":
        return Block(section, wanted, stories[:COLUMNS])
    if len(shown) == 1:
        return Block(section, "alone", shown)
    if wanted == "columns" and len(shown) > 2:
        return Block(section, wanted, shown[:COLUMNS])
    if len(shown) > COLUMNS:
        return Block(section, wanted.replace("large", "mix"), shown)
    return Block(section, wanted.replace("large", "side").replace("columns", "side"), shown)
