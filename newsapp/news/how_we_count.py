"""How we count, as readers are told: written from the rules in force, so that it cannot fall out of date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import current_app
from markupsafe import Markup

from newsapp.languages import amount, gettext, isolated, listed, ngettext, pgettext
from newsapp.news import dates
from newsapp.traffic import uniques, visitors
from newsapp.traffic.agents.lists import current
from newsapp.traffic.bots import lists_home
from newsapp.traffic.events import EVENTS, LONGEST_ENGAGED, REASONS, SLOT, Reason
from newsapp.traffic.releasing import HELD_HOURS
from newsapp.traffic.rules import HOUR, Rule, Rules, read_rules
from newsapp.traffic.sums import hour_of
from newsapp.traffic.windows import WINDOWS, Window


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
        "salt_hours": visitors.KEPT // HOUR, "turn": dates.hour(uniques.TURN), "longest": LONGEST_ENGAGED // 60,
        "names": names(), "crawlers": crawlers(), "within_slot": within_slot(now.rule.slot),
        "spans": {window.slug: span(window, settings["trend_half_life"]) for window in WINDOWS},
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
        return reason, gettext("By the rule in force, such views count.")
    if reason.name != "repeat" or rule.slot == SLOT:
        return reason, ""
    return reason, ngettext("At present: within %(num)s second.", "At present: within %(num)s seconds.", rule.slot) % {"num": amount(rule.slot)}


def within_slot(seconds: int) -> str:
    words = ngettext(
        "The same visitor opening the same story again within %(num)s second is one view.",
        "The same visitor opening the same story again within %(num)s seconds is one view.",
        seconds,
    )
    return words % {"num": amount(seconds)}


def believed(views: int) -> str:
    words = ngettext(
        "%(num)s view of a story an hour is believed of any network.",
        "%(num)s views of a story an hour are believed of any network.",
        views,
    )
    return words % {"num": amount(views)}


def changed_parts(rule: Rule) -> dict[str, str]:
    """What a rule says of each of its parts, to those who know another."""
    share = gettext("Beyond that, %(num)s times a network’s share of all other reading is believed.") % {"num": amount(rule.share)}
    again = (
        gettext("Opening the same story again at once does not count.") if rule.repeat else gettext("Opening the same story again at once counts.")
    )
    return {
        "slot": within_slot(rule.slot),
        "reload": gettext("Reloading, Back and Forward do not count.") if rule.reload else gettext("Reloading, Back and Forward count."),
        "repeat": again,
        "unconfirmed": gettext("Views without JavaScript do not count.") if rule.unconfirmed else gettext("Views without JavaScript count."),
        "burst": believed(rule.burst) if rule.burst else gettext("No view is held back for coming from a busy network."),
        "share": share,
    }


def changes(before: Rule, after: Rule) -> list[str]:
    """In sentences, what another rule does otherwise."""
    return [words for name, words in changed_parts(after).items() if getattr(before, name) != getattr(after, name)]


def names() -> dict[str, str]:
    """What readers know events and the reasons against them as."""
    return {
        "pageview": gettext("Pageview"), "engagement": gettext("Engagement"), "crawl": gettext("Crawl"), "prefetch": gettext("Prefetch"),
        "bot": gettext("Bot"), "headless": gettext("Headless"), "staff": gettext("Staff"), "unknown_article": gettext("Unknown article"),
        "reload": gettext("Reload"), "repeat": gettext("Repeat"), "unconfirmed": gettext("Unconfirmed"), "burst": gettext("Burst"),
        "malformed": gettext("Malformed"), "duplicate": gettext("Duplicate"), "forged": gettext("Forged"), "foreign": gettext("Foreign"),
        "flood": gettext("Flood"), "copy": pgettext("event", "Copy"), "refused_copy": gettext("Refused copy"),
    }  # fmt: skip


def span(window: Window, half_life: int) -> str:
    """What a window of Most Viewed looks back on."""
    if window.weighed:
        words = ngettext(
            "every view, each worth a point when it happens and half of what is left with every hour",
            "every view, each worth a point when it happens and half of what is left with every %(num)s hours",
            half_life,
        )
        return words % {"num": amount(half_life)}
    if not window.hours:
        return gettext("every view since we began to count")
    if window.hours <= 24:
        return ngettext("the last hour", "the last %(num)s hours", window.hours) % {"num": amount(window.hours)}
    return ngettext("the last day", "the last %(num)s days", window.hours // 24) % {"num": amount(window.hours // 24)}


def crawlers() -> dict[str, str]:
    """What readers know the classes of crawlers as."""
    return {
        "search": pgettext("crawler", "Search"), "ai": pgettext("crawler", "AI"), "preview": pgettext("crawler", "Preview"),
        "monitor": pgettext("crawler", "Monitor"), "library": pgettext("crawler", "Library"), "listed": pgettext("crawler", "Listed"),
        "unknown": pgettext("crawler", "Unknown"),
    }  # fmt: skip


def day_of(text: str) -> str:
    """A list's date as readers know dates; as it is, where it is none."""
    try:
        return dates.written(date.fromisoformat(text), pgettext("pattern", "d MMM y"))
    except ValueError:
        return text


def bot_lists() -> str:
    """The lists that crawlers are told by, and how old they are."""
    found = current(lists_home(current_app.config))
    return listed(Markup(gettext("%(list)s of %(date)s")) % {"list": isolated(one.name), "date": isolated(day_of(one.date))} for one in found)  # noqa: S704
