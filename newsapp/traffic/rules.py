"""The view rule: what counts as a view, by the hour from which it holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from newsapp.database import db, write_unit
from newsapp.settings.store import site_values
from newsapp.traffic.events import SLOT
from newsapp.traffic.models import view_rule

VERSION = 1
HOUR = 3600
KEPT = 60.0  # seconds that a process trusts the rules it has read: one that begins, begins with an hour to come


class RuleError(ValueError):
    """A rule that cannot be; the message says what can."""


@dataclass(frozen=True)
class Rule:
    """The view rule. Each part can be changed for hours to come, and tried on hours past (`newsapp recount`).

    `slot`: seconds in which a visitor's same article is one view, a divisor of an hour. `reload`,
    `repeat`, `unconfirmed`: whether such an event is filtered. `burst`: views an hour that one network
    always has of one article, 0 for no limit; `share`: how many times its share of the site it may have beyond.
    """

    version: int = VERSION
    slot: int = SLOT
    reload: bool = True
    repeat: bool = True
    unconfirmed: bool = True
    burst: int = 20
    share: float = 5.0

    def __str__(self) -> str:
        return ",".join(f"{name}={shown(value)}" for name, value in asdict(self).items() if name != "version")


def shown(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value:g}"


def parse(text: str, base: Rule | None = None) -> Rule:
    """A rule from `slot=60,reload=off`; what is not named stays as in `base`. Raises RuleError."""
    given: dict[str, Any] = {}
    kinds = {field.name: type(getattr(Rule(), field.name)) for field in fields(Rule) if field.name != "version"}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name not in kinds:
            raise RuleError(f"a rule has {', '.join(kinds)}; there is no {name!r}")
        given[name] = value_of(name, kinds[name], value)
    rule = replace(base or Rule(), **given)
    if rule.slot < 1 or HOUR % rule.slot:
        raise RuleError(f"slot divides an hour: 1, 10, 30, 60, 300, 3600; not {rule.slot}")
    return rule


def value_of(name: str, kind: type, text: str) -> Any:
    try:
        if kind is bool:
            return {"on": True, "off": False}[text]
        number = kind(text)
        if number < 0:
            raise ValueError
    except (KeyError, ValueError):
        raise RuleError(f"{name} is {'on or off' if kind is bool else 'a number, 0 or more'}, not {text!r}") from None
    return number


@dataclass(frozen=True)
class Rules:
    """Every rule since the first, the oldest first."""

    since: Sequence[tuple[int, Rule]] = ()

    def at(self, hour: int) -> Rule:
        """The rule that holds for events of an hour (hours since 1970)."""
        return next((rule for since, rule in reversed(self.since) if since <= hour), Rule())

    @property
    def starts(self) -> list[int]:
        return [since for since, _ in self.since]


def read_rules() -> Rules:
    """All rules, as the database has them now."""
    with db.engine.connect() as connection:
        rows = connection.execute(select(view_rule).order_by(view_rule.c.since_hour)).all()
    return Rules([(row.since_hour, Rule(**row.rule)) for row in rows])


class KnownRules:
    """The rules as this process knows them. A rule begins with a full hour that is at least a minute away, so all know it by then."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Rules, float]] = {}  # by database: tests have several

    def read(self) -> Rules:
        key = str(db.engine.url)
        rules, until = self.kept.get(key, (Rules(), 0.0))
        if time.monotonic() > until:
            rules = read_rules()
            self.kept[key] = rules, time.monotonic() + KEPT
        return rules


KNOWN = KnownRules()


def wanted() -> Rule:
    """The rule that the settings ask for."""
    return Rule(unconfirmed=site_values()["count_without_script"] == "no")


def note_rule(at: datetime) -> bool:
    """Let a changed rule begin with the next full hour. The first of all holds for ever before. False when nothing changes."""
    rule, rules = wanted(), read_rules()
    latest = rules.since[-1][1] if rules.since else None
    if latest == rule:
        return False
    since = 0 if latest is None else (int(at.timestamp()) + 2 * int(KEPT)) // HOUR + 1
    with write_unit() as connection:
        connection.execute(delete(view_rule).where(view_rule.c.since_hour >= since))
        connection.execute(insert(view_rule).values(since_hour=since, rule=asdict(rule)))
    return True
