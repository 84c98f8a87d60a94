"""Judging: which events of a source count, by the view rule, as a function of the source alone.

What is remembered between two batches (who opened what in which slot, how often a network opened
what this hour) follows from the events before, so a worker that takes over after a crash builds the
same memory anew and comes to the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from newsapp.traffic.events import COPIES, COUNTED, NAVIGATIONS, PAGEVIEW, PIXEL, SLOT, Events, code, navigation_of
from newsapp.traffic.rules import HOUR, Rule, Rules

Array = np.ndarray[Any, Any]

RELOAD, REPEAT, UNCONFIRMED, BURST = code("reload"), code("repeat"), code("unconfirmed"), code("burst")
UNKNOWN = code("unknown_article")
AGAIN = [NAVIGATIONS.index("reload"), NAVIGATIONS.index("back_forward")]
REACH = 2  # slots kept behind the newest: an event is at most one slot late
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # odd, so that times it no two articles are one
WITHOUT_SCRIPT = np.uint64(0xC2B2AE3D27D4EB4F)
APART = np.zeros(16, "u8")  # by an event's kind: who copies from a story and then leaves it tells two things
APART[[kind.code for kind in COPIES]] = 0x94D049BB133111EB, 0xBF58476D1CE4E5B9


def keys_of(events: Events) -> Array:
    """A number for each event's visitor, article, kind and way of telling; two differ but for one chance in 2**64."""
    keys: Array = events["visitor"] ^ (events["article"].astype("u8") * SPREAD) ^ APART[events["head"] & 15]
    pixel = (events["head"] & 15 == PAGEVIEW.code) & (events["flags"] & PIXEL > 0)
    return np.where(pixel, keys ^ WITHOUT_SCRIPT, keys)


def first_of_each(keys: Array) -> tuple[Array, Array]:
    """The distinct keys, sorted, and where each stands first."""
    return np.unique(keys, return_index=True)


def is_in(keys: Array, known: Array) -> Array:
    """Which keys are among the known ones, which are sorted."""
    if not len(known):
        return np.zeros(len(keys), bool)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: Array = known[place] == keys
    return found


class Slots:
    """Which visitor has opened which article in which slot. `reach`: how many slots behind the newest are kept."""

    def __init__(self, reach: float = REACH) -> None:
        self.reach = reach
        self.seen: dict[int, Array] = {}

    def repeats(self, keys: Array, slots: Array) -> Array:
        """Which events' keys are in their slot already; all are from now on."""
        again = np.ones(len(keys), bool)
        for slot in np.unique(slots).tolist():
            here = np.flatnonzero(slots == slot)
            distinct, first = first_of_each(keys[here])
            known = self.seen.get(slot, np.empty(0, "u8"))
            new = ~is_in(distinct, known)
            again[here[first[new]]] = False
            self.seen[slot] = np.sort(np.concatenate([known, distinct[new]]))
        if self.seen and math.isfinite(self.reach):
            oldest = max(self.seen) - self.reach
            self.seen = {slot: known for slot, known in self.seen.items() if slot >= oldest}
        return again


class Tally:
    """How often each key came: sorted runs, merged as they grow, so that adding costs the same however much is there."""

    def __init__(self) -> None:
        self.runs: list[tuple[Array, Array]] = []

    def of(self, keys: Array) -> Array:
        """How often each of these keys came."""
        total = np.zeros(len(keys), "i8")
        for known, counts in self.runs:
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            total += np.where(known[place] == keys, counts[place], 0)
        return total

    def add(self, keys: Array, counts: Array) -> None:
        """Count distinct, sorted keys."""
        if not len(keys):
            return
        self.runs.append((keys, counts))
        while len(self.runs) > 1 and len(self.runs[-2][0]) < 2 * len(self.runs[-1][0]):
            (one, many), (other, more) = self.runs.pop(), self.runs.pop()
            keys, where = np.unique(np.concatenate([one, other]), return_inverse=True)
            self.runs.append((keys, np.bincount(where, np.concatenate([many, more])).astype("i8")))


def ranks(keys: Array) -> Array:
    """How many of the same key stand before each."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]]) if len(keys) else np.empty(0, "i8")
    result = np.empty(len(keys), "i8")
    result[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.r_[starts, len(keys)]))
    return result


class Networks:
    """One hour's would-be views, by network and article. Those held are among them: what is held follows from what came."""

    def __init__(self, elsewhere: Callable[[int], bool] = lambda article: False) -> None:
        self.elsewhere = elsewhere
        self.site = 0
        self.by_network = np.zeros(1 << 16, "i8")
        self.by_article, self.by_pair = Tally(), Tally()
        self.held = np.empty(0, "u8")  # pairs, held from their first view too many on

    def holds(self, events: Events, rule: Rule) -> Array:
        """Which events are too many of their network for their article; all are remembered."""
        pairs = events["article"].astype("u8") << np.uint64(16) | events["network"]
        distinct, place, times = np.unique(pairs, return_inverse=True, return_counts=True)
        before = self.by_pair.of(distinct)
        held = np.zeros(len(events), bool)
        if rule.burst and (before + times > rule.burst).any():
            first = len(events) * np.ones(len(distinct), "i8")
            over = np.flatnonzero(self.too_many(events, pairs, before[place], rule) | is_in(pairs, self.held))
            np.minimum.at(first, place[over], over)
            held = np.arange(len(events)) >= first[place]
            self.held = np.union1d(self.held, distinct[first < len(events)])
        self.remember(events, distinct, times)
        return held

    def too_many(self, events: Events, pairs: Array, before: Array, rule: Rule) -> Array:
        """Which events are beyond what is credible of their network for their article.

        The n-th (from 0) of a pair is, when n >= max(burst, share x s x a): a, the article's views
        before it; s, the network's share of the site's, those of this pair left out, so that nobody
        earns room for an article by pushing that article. Where that leaves nothing, share_alone.
        """
        n = before + ranks(pairs)
        of_network = self.by_network[events["network"]] + ranks(events["network"])
        of_article = self.by_article.of(events["article"].astype("u8")) + ranks(events["article"])
        others = self.site + np.arange(len(events)) - n
        share = (of_network - n) / np.maximum(others, 1)
        alone = np.flatnonzero((others == 0) & (n >= rule.burst))
        share[alone] = self.share_alone(events["article"][alone])
        over: Array = n >= np.maximum(rule.burst, rule.share * share * of_article)
        return over

    def share_alone(self, articles: Array) -> Array:
        """The share of a network in an hour in which nothing else was read so far: all, unless the paper has other readers."""
        distinct, place = np.unique(articles, return_inverse=True)
        return np.array([0.0 if self.elsewhere(article) else 1.0 for article in distinct.tolist()])[place]

    def recall(self, events: Events, reasons: Array) -> None:
        """Remember events that were judged before."""
        pairs = events["article"].astype("u8") << np.uint64(16) | events["network"]
        self.held = np.union1d(self.held, pairs[reasons == BURST])
        self.remember(events, *np.unique(pairs, return_counts=True))

    def remember(self, events: Events, pairs: Array, times: Array) -> None:
        self.by_pair.add(pairs, times)
        self.by_article.add(*np.unique(events["article"].astype("u8"), return_counts=True))
        self.by_network += np.bincount(events["network"], minlength=1 << 16)
        self.site += len(events)


class Judge:
    """All that judging remembers of a source.

    `elsewhere`: whether anything but an article was read in the day before an hour, by hour and article.
    """

    def __init__(self, reach: float = REACH, elsewhere: Callable[[int, int], bool] = lambda hour, article: False) -> None:
        self.reach, self.elsewhere = reach, elsewhere
        self.slots = Slots(reach)
        self.networks: dict[int, Networks] = {}  # by hour

    def reasons(self, events: Events, at: Array, live: Array, rules: Rules) -> Array:
        """The first reason against each event, COUNTED for none. `at`: when each happened; `live`: whether its article is."""
        reasons = events["reason"].copy()
        reasons[(reasons == COUNTED) & ~live] = UNKNOWN
        hours = at // HOUR
        for hour in np.unique(hours).tolist():
            here = np.flatnonzero(hours == hour)
            reasons[here] = self.of_one_hour(events[here], at[here], reasons[here], hour, rules.at(hour))
        self.forget()
        return reasons

    def of_one_hour(self, events: Events, at: Array, reasons: Array, hour: int, rule: Rule) -> Array:
        if rule.reload:
            reasons[(reasons == COUNTED) & np.isin(navigation_of(events), AGAIN)] = RELOAD
        if rule.repeat:
            open_ = np.flatnonzero(reasons == COUNTED)
            again = self.slots.repeats(keys_of(events[open_]), at[open_] // rule.slot)
            reasons[open_[again]] = REPEAT
        if rule.unconfirmed:
            reasons[(reasons == COUNTED) & (events["flags"] & PIXEL > 0)] = UNCONFIRMED
        open_ = np.flatnonzero(reasons == COUNTED)
        held = self.networks_of(hour).holds(events[open_], rule)
        reasons[open_[held]] = BURST
        return reasons

    def networks_of(self, hour: int) -> Networks:
        return self.networks.setdefault(hour, Networks(partial(self.elsewhere, hour)))

    def recall(self, events: Events, at: Array) -> None:
        """Take in who opened what, of events that were counted before."""
        again = np.isin(navigation_of(events), AGAIN) & (events["head"] & 15 == PAGEVIEW.code)
        here = np.flatnonzero((events["reason"] == COUNTED) & ~again)
        self.slots.repeats(keys_of(events[here]), at[here] // SLOT)

    def remember(self, events: Events, at: Array, reasons: Array) -> None:
        """Take in would-be views that were judged before, by another or by this one in an earlier life."""
        hours = at // HOUR
        views = (reasons == COUNTED) | (reasons == BURST)
        for hour in np.unique(hours[views]).tolist():
            self.networks_of(hour).recall(events[views & (hours == hour)], reasons[views & (hours == hour)])
        self.forget()

    def forget(self) -> None:
        """Let go of hours that no event can come from any more."""
        if self.networks and math.isfinite(self.reach):
            newest = max(self.networks)
            self.networks = {hour: networks for hour, networks in self.networks.items() if hour >= newest - 1}
