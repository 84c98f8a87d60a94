"""Who may do what with a story's state, by the paper's settings: an ordinary function of roles, settings and what was asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from newsapp.news.models import APPROVED, UNPUBLISHED
from newsapp.publishing.actions import Action

# Whom the setting who_may_publish names.
DECIDERS = {"editor": ("editor", "chief", "admin"), "chief": ("chief", "admin")}


@dataclass(frozen=True)
class Person:
    """Who acts: an address and the names of the roles."""

    email: str
    roles: frozenset[str]


class NotApproved(Exception):
    """The paper wants somebody else's approval first; the message says so."""


def decides(person: Person, settings: dict[str, Any]) -> bool:
    """Whether the paper lets that person publish and approve."""
    return settings["approval"] == "nobody" or not person.roles.isdisjoint(DECIDERS[settings["who_may_publish"]])


def needs_approval(person: Person, settings: dict[str, Any]) -> bool:
    """Whether what that person writes waits for somebody."""
    return settings["approval"] == "everybody" or not decides(person, settings)


def refusal(action: Action, state: str, person: Person, settings: dict[str, Any], askers: Collection[str]) -> str:
    """Why that person may not do it; empty when nothing stands against it. `askers` are those whose words wait for approval."""
    if action.is_decision and not decides(person, settings):
        return "That is for those who may publish here."
    if action.name == "approve" and settings["approval"] == "everybody" and person.email in askers:
        return "Somebody else approves it: you wrote it, or asked for the review."
    if action.publishes and state in UNPUBLISHED and state != APPROVED and needs_approval(person, settings):
        return "It needs approval first: ask for a review."
    return ""


def allow(action: Action, state: str, person: Person, settings: dict[str, Any], askers: Collection[str]) -> None:
    """Raises NotApproved."""
    if said := refusal(action, state, person, settings, askers):
        raise NotApproved(said)
