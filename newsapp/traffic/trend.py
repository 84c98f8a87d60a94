"""Trending: a sum in which a view weighs half after each half-life.

Instead of making all old views lighter each hour, every new hour's views weigh more (forward decay;
Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009): the order is the same, and only what is
viewed is written. A view of hour h weighs 2 ** weight(h); that is a straight line of h, with a bend
where an editor changed the half-life.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert, select, update

from newsapp.database import db, lone_unit
from newsapp.settings.store import site_values
from newsapp.traffic.models import article_view_sums, sums_due, trend_state

HOUR = 3600
HEAVIEST = 500.0  # a weight of 2 ** 1023 would be the last that a float can hold

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Bend:
    """From an hour on: the weight's logarithm there, and the half-life in hours."""

    since_hour: int
    log_weight: float
    half_life: float

    def weight(self, hour: float) -> float:
        return self.log_weight + (hour - self.since_hour) / self.half_life


@dataclass(frozen=True)
class Trend:
    """All bends, the oldest first; never empty."""

    bends: Sequence[Bend]

    def weight(self, hour: float) -> float:
        """The logarithm (to base 2) of what a view of an hour weighs."""
        bend = next((bend for bend in reversed(self.bends) if bend.since_hour <= hour), self.bends[0])
        return bend.weight(hour)

    def weights(self, hours: Array) -> Array:
        """What a view of each hour weighs."""
        distinct, place = np.unique(hours, return_inverse=True)
        return np.exp2([self.weight(hour) for hour in distinct.tolist()])[place] if len(hours) else np.empty(0)


def read_trend(connection: Connection) -> Trend:
    """The bends as they stand. Empty before the first count: views then weigh one."""
    rows = connection.execute(select(trend_state).order_by(trend_state.c.since_hour))
    return Trend([Bend(row.since_hour, row.log_weight, row.half_life) for row in rows] or [Bend(0, 0.0, math.inf)])


def log_weight(connection: Connection, hour: int) -> float:
    """The logarithm (to base 2) of what a view of that hour weighs."""
    return read_trend(connection).weight(hour)


def points(value: float, weight_now: float) -> float:
    """What a sum is worth in views of the present hour: each counts one, and half of it after a half-life."""
    return value * float(2.0**-weight_now)


def note_half_life(at: datetime) -> bool:
    """Let a changed half-life begin with the next hour; the first begins now. False when nothing changes."""
    hour, wanted = int(at.timestamp()) // HOUR, site_values()["trend_half_life"]
    with db.engine.connect() as connection:
        known = connection.execute(select(trend_state).order_by(trend_state.c.since_hour.desc())).first()
    if known and known.half_life == wanted:
        return False
    with lone_unit(sums_due.name) as connection:
        trend = read_trend(connection)
        since, weight = (hour + 1, trend.weight(hour + 1)) if known else (hour, 0.0)
        connection.execute(trend_state.delete().where(trend_state.c.since_hour >= since))
        connection.execute(insert(trend_state).values(since_hour=since, log_weight=weight, half_life=wanted))
    return True


def lighten(at: datetime) -> bool:
    """Make all weights lighter by one factor before they grow too large to add to. Needed once in months."""
    with lone_unit(sums_due.name) as connection:
        weight = read_trend(connection).weight(int(at.timestamp()) // HOUR)
        if weight < HEAVIEST:
            return False
        lighter = article_view_sums.c.trend * 2.0**-HEAVIEST
        connection.execute(update(article_view_sums).where(article_view_sums.c.trend > 0).values(trend=lighter))
        connection.execute(update(trend_state).values(log_weight=trend_state.c.log_weight - HEAVIEST))
    return True
