"""CLASSES: what a user agent can be. Each but a reader's has its reason in REASONS (traffic/events.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentClass:
    """One class: its name, and what agents of it do."""

    name: str
    help: str


CLASSES = (
    AgentClass("", "a reader"),
    AgentClass("search", "indexes for a search engine"),
    AgentClass("ai", "gathers for a language model, or fetches for one's user"),
    AgentClass("preview", "shows a link's card where it was shared"),
    AgentClass("monitor", "looks whether the site is up and how fast"),
    AgentClass("library", "an HTTP library or a driven browser, whoever runs it"),
    AgentClass("listed", "another program that a list names: SEO, feeds, archives, scanners"),
    AgentClass("unknown", "in no list, but bears the signs of a program; an editor may release it"),
)
BY_NAME = {kind.name: kind for kind in CLASSES}
# An agent in several lists is what the most telling of them says.
MOST_TELLING = ("ai", "search", "preview", "monitor", "library", "listed")
