"""The front page: which story leads, which stand beside it, and how each section's block is laid out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from newsapp.news import lists
from newsapp.news.models import Article, Section, live_articles

TOP = 7  # the lead, three with pictures, three without
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
    """The front page. `more` are further stories of the lead's section."""

    lead: Article | None
    more: list[Article]
    beside: list[Article]
    also: list[Article]
    blocks: list[Block]


def compose(at: datetime) -> Front:
    """The front page of a moment, in three statements."""
    sections = lists.sections()[:BLOCKS]
    stories = lists.of_any(candidates(sections, at))
    top = top_stories(stories)
    if not top:
        return Front(None, [], [], [], [])
    lead, rest = top[0], pictures_first(top[1:], 3)
    others = [story for story in stories if story not in top]
    more = [story for story in others if story.section_id == lead.section_id][:2]
    blocks = arrange(sections, [story for story in others if story not in more])
    return Front(lead, more, rest[:3], rest[3:], blocks)


def candidates(sections: Iterable[Section], at: datetime) -> list[lists.Query]:
    """Queries that together find every story that could be on the front page."""
    placed = live_articles(at).where(Article.front_position.is_not(None)).order_by(None).order_by(Article.front_position).limit(TOP)
    newest = live_articles(at).limit(TOP)
    return [placed, newest, *(lists.in_section(section.id, at).limit(TOP + BLOCK) for section in sections)]


def top_stories(newest_first: list[Article]) -> list[Article]:
    """Those with a place on the front, by place; then the newest."""
    placed = [story for story in newest_first if story.front_position is not None]
    placed.sort(key=lambda story: story.front_position or 0)
    return [*placed, *(story for story in newest_first if story.front_position is None)][:TOP]


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
