"""A trial of the judgement on agents whose kind is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from newsapp.traffic.agents.matcher import Matcher
from newsapp.traffic.bots import verdict


@dataclass
class Trial:
    """How many were judged, in which classes bots were found, and which agents were judged wrongly."""

    bots: int = 0
    humans: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    flagged: list[tuple[str, str]] = field(default_factory=list)

    def figures(self) -> dict[str, int]:
        return {"bots": self.bots, "bots_found": self.bots - len(self.missed), "humans": self.humans, "humans_flagged": len(self.flagged)}


def read_agents(path: Path | None) -> list[str]:
    """One agent a line; empty lines are none. Raises OSError."""
    return [agent for agent in path.read_text().splitlines() if agent.strip()] if path else []


def try_out(bots: Iterable[str], humans: Iterable[str], matcher: Matcher) -> Trial:
    trial = Trial()
    for agent in bots:
        trial.bots += 1
        if kind := verdict(agent, matcher):
            trial.kinds[kind] += 1
        else:
            trial.missed.append(agent)
    for agent in humans:
        trial.humans += 1
        if kind := verdict(agent, matcher):
            trial.flagged.append((agent, kind))
    return trial
