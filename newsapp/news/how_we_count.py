"""How we count, as readers are told: written from the rules in force, so that it cannot fall out of date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app

from newsapp.traffic import uniques, visitors
from newsapp.traffic.agents.lists import current
from newsapp.traffic.bots import lists_home
from newsapp.traffic.events import EVENTS, LONGEST_ENGAGED, REASONS, SLOT, Reason
from newsapp.traffic.releasing import HELD_HOURS
from newsapp.traffic.rules import HOUR, Rule, Rules, read_rules
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import WINDOWS


@dataclass(frozen=True)
class Holding:
    """A view rule and from when it holds; None for one that has held since the first day."""

    rule: Rule
    since: datetime | None


def compose(at: datetime, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All that the page says."""
    now, coming = in_force(read_rules(), hour_of(at))
    return {
        "holding": now, "coming": coming, "changes": changes(now.rule, coming.rule) if coming else [],
        "against": [told(reason, now.rule) for reason in REASONS if reason.found != "door" and not reason.agent],
        "classes": [reason for reason in REASONS if reason.agent], "refused": [reason for reason in REASONS if reason.found == "door"],
        "events": EVENTS, "windows": WINDOWS, "bot_lists": bot_lists(), "kept_days": settings["events_kept_days"], "held_days": HELD_HOURS // 24,
        "salt_hours": visitors.KEPT // HOUR, "turn": uniques.TURN, "longest": LONGEST_ENGAGED // 60,
    }  # fmt: skip


def in_force(rules: Rules, hour: int) -> tuple[Holding, Holding | None]:
    """The rule that holds in an hour, and the next that will."""
    rule = rules.at(hour)
    since = max((start for start in rules.starts if start <= hour), default=0)
    later = next((start for start in rules.starts if start > hour and rules.at(start) != rule), None)
    return Holding(rule, moment(since) if since else None), Holding(rules.at(later), moment(later)) if later else None


def moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR, UTC)


def told(reason: Reason, rule: Rule) -> tuple[Reason, str]:
    """A reason, and what the rule in force makes of it where that is not what its own words say."""
    filtered = {"reload": rule.reload, "repeat": rule.repeat, "unconfirmed": rule.unconfirmed, "burst": rule.burst > 0}
    if not filtered.get(reason.name, True):
        return reason, "By the rule in force, such views count."
    return reason, f"At present: within {rule.slot} seconds." if reason.name == "repeat" and rule.slot != SLOT else ""


# What changes from one rule to another, said of the other. A value is put in the place of {}.
WORDS: tuple[tuple[str, str, str], ...] = (
    ("slot", "The same visitor opening the same story again within {} seconds is one view.", ""),
    ("reload", "Reloading, Back and Forward do not count.", "Reloading, Back and Forward count."),
    ("repeat", "Opening the same story again at once does not count.", "Opening the same story again at once counts."),
    ("unconfirmed", "Views without JavaScript do not count.", "Views without JavaScript count."),
    ("burst", "{} views of a story an hour are believed of any network.", "No view is held back for coming from a busy network."),
    ("share", "Beyond that, {} times a network’s share of all other reading is believed.", ""),
)


def changes(before: Rule, after: Rule) -> list[str]:
    """In sentences, what another rule does otherwise."""
    pairs = [(getattr(before, name), getattr(after, name), yes, no) for name, yes, no in WORDS]
    return [(yes if new or not no else no).format(f"{new:g}") for old, new, yes, no in pairs if old != new]


def bot_lists() -> str:
    """The lists that crawlers are told by, and how old they are."""
    return ", ".join(f"{one.name} of {one.date}" for one in current(lists_home(current_app.config)))
