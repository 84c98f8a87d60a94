"""The verdict on a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.troubles import Trouble
from newsapp.traffic.ledger import Balance

OFTEN = 5  # times that each trouble must happen in a run of LONG seconds or more
LONG = 120.0


@dataclass
class Verdict:
    """What became of the events."""

    accepted: int
    booked: int
    lost: int
    twice: int
    extra: int  # repeats that count as a view though nothing was troubled
    edge: int  # and those where something was: allowed
    allowed: dict[str, tuple[int, int]]  # by trouble: events that it may have lost, answered ones that it has lost
    times: Counter[str]
    kills: int
    books: Balance
    statuses: Counter[str]

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.booked} counted, {self.lost} lost, {self.twice} twice, {self.kills} kills"

    def too_seldom(self, troubles: Iterable[Trouble], seconds: float) -> list[str]:
        """The troubles that did not happen often enough for their survival to mean anything."""
        least = OFTEN if seconds >= LONG else max(1, int(OFTEN * seconds / LONG))
        return [trouble.name for trouble in troubles if self.times[trouble.name] < least]
