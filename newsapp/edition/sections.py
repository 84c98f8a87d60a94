"""SECTIONS: those of the sample edition, in their order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleSection:
    """One section and what it is about."""

    slug: str
    name: str
    description: str


SECTIONS = (
    SampleSection("world", "World", "What happens beyond our borders, told from the place where it happens."),
    SampleSection("diplomacy", "Diplomacy", "Treaties, quarrels and the rooms in which they end."),
    SampleSection("politics", "Politics", "Laws, those who make them, and those who have to live with them."),
    SampleSection("economy", "Economy", "Work, money, energy and trade, and the people who set the terms."),
    SampleSection("health", "Health", "Medicine, hospitals and the business of staying well."),
    SampleSection("climate", "Climate", "A warmer world, and what is being done about it."),
    SampleSection("sport", "Sport", "Results, and the people behind them."),
    SampleSection("culture", "Culture", "Books, stage, music, art and the arguments about them."),
    SampleSection("opinion", "Opinion", "What our writers think. Nowhere else should you be able to tell."),
)
