"""Signals: events that are no views. How readers were with an article, whether they copied from it, and which crawlers fetched it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from newsapp.traffic.counting import HOUR, Array, Batch, grouped, ledger_rows, live_among, write_rows
from newsapp.traffic.days import days_of
from newsapp.traffic.events import COPIES, COUNTED, ENDED, ENGAGEMENT, LONGEST_ENGAGED, QUARTER_MASK, SLOT
from newsapp.traffic.judging import REPEAT, UNKNOWN, Judge, keys_of
from newsapp.traffic.models import article_engagement_daily, view_ledger
from newsapp.traffic.rules import Rules

TOLD = [kind.code for kind in (ENGAGEMENT, *COPIES)]  # by readers' pages


class Signals:
    """A batch of signals, judged, as rows of the tables. All stand in the ledger by their kind, those that count under no reason."""

    def __init__(self, batch: Batch, judge: Judge, rules: Rules, zone: ZoneInfo) -> None:
        self.batch, self.zone = batch, zone
        live = np.isin(batch.events["article"], live_among(batch.events["article"]))
        kinds = batch.events["head"] & 15
        self.engagements, self.told = kinds == ENGAGEMENT.code, np.isin(kinds, TOLD)
        self.reasons = self.judged(judge, live)
        self.rows = [
            (article_engagement_daily, self.engagement()),
            (view_ledger, ledger_rows(batch, self.reasons, np.ones(len(self.reasons), bool))),
        ]

    def judged(self, judge: Judge, live: Array) -> Array:
        """One engagement, and one copy, a visitor, article and slot: who tells it twice is heard once."""
        reasons = self.batch.events["reason"].copy()
        reasons[(reasons == COUNTED) & ~live] = UNKNOWN
        open_ = np.flatnonzero((reasons == COUNTED) & self.told)
        again = judge.slots.repeats(keys_of(self.batch.events[open_]), self.batch.at[open_] // SLOT)
        reasons[open_[again]] = REPEAT
        return reasons

    def write(self, connection: Connection) -> None:
        """Add them, in the open transaction."""
        write_rows(connection, self.rows)

    def engagement(self) -> dict[str, Array]:
        events = self.batch.events
        counted = self.engagements & (self.reasons == COUNTED)
        came = np.where(counted, events["flags"] & QUARTER_MASK, 0)
        keys = {"day": days_of(self.batch.at // HOUR, self.zone), "article_id": events["article"].astype("i8")}
        quarters = {f"quarter_{number}": came >= number for number in (1, 2, 3, 4)}
        seconds = np.where(counted, np.minimum(events["value"], LONGEST_ENGAGED), 0)
        return grouped(keys, {"visits": counted, "seconds": seconds, **quarters, "ended": counted & (events["flags"] & ENDED > 0)})
