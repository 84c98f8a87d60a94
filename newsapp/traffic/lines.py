"""LINES: the streams of a shard, and how the entries of each are read and judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from zoneinfo import ZoneInfo

import numpy as np

from newsapp.traffic.counting import HOUR, Array, Batch, Views
from newsapp.traffic.events import ENGAGEMENT, INGEST, PAGEVIEW, RECORD, SIGNALS, VIEWS, Events, Kind, late_by, unpack
from newsapp.traffic.inbox import FIELD, Entry, seconds_of_each
from newsapp.traffic.ingest_counting import Ingested, fold_ingested
from newsapp.traffic.judging import Judge
from newsapp.traffic.rules import Rules
from newsapp.traffic.signals import Signals


def fold(entries: list[Entry], kind: Kind = PAGEVIEW) -> tuple[Batch, list[Entry]]:
    """The events of stream entries as one batch, and the entries that cannot be read."""
    if not entries:
        return Batch(kind=kind.code), []
    moments, times = np.array(list(seconds_of_each(entries)), "i8").T
    seconds = np.repeat(moments, times)
    words = list(chain.from_iterable([fields for _, fields in entries]))
    sizes = np.fromiter(map(len, words[1::2]), "i8", len(words) // 2)
    try:
        if words[::2].count(FIELD) != len(sizes) or len(sizes) != len(entries) or (sizes % RECORD.size).any() or not sizes.all():
            raise ValueError
        events = unpack(b"".join(words[1::2]))
    except ValueError:
        packed = [fields[1] if len(fields) == 2 and fields[0] == FIELD else b"" for _, fields in entries]
        return fold_singly(entries, seconds.tolist(), packed, kind)
    return Batch(events, np.repeat(seconds, sizes // RECORD.size) - late_by(events), kind=kind.code), []


def fold_singly(entries: list[Entry], seconds: list[int], packed: list[bytes], kind: Kind) -> tuple[Batch, list[Entry]]:
    """The same where something cannot be read."""
    read: list[tuple[Events, Array]] = []
    malformed: Counter[int] = Counter()
    broken = []
    for entry, second, field in zip(entries, seconds, packed, strict=True):
        try:
            events = unpack(field)
        except ValueError:
            malformed[second // HOUR] += 1
            broken.append(entry)
            continue
        read.append((events, second - late_by(events)))
    if not read:
        return Batch(malformed=malformed, kind=kind.code), broken
    events, at = (np.concatenate(part) for part in zip(*read, strict=True))
    return Batch(events, at, malformed, kind.code), broken


@dataclass(frozen=True)
class Line:
    """How one stream of a shard is counted. `together`: how many events an entry may hold.

    `kept`: whether its events can be counted again. `remembers`: whether judging remembers anything of
    the entries before, which then stay in the stream for who takes over.
    """

    stream: str
    prefix: str  # of its sources' names
    kind: Kind  # that entries which cannot be read are booked as
    fold: Callable[[list[Entry], Kind], tuple[Batch, list[Entry]]]
    judged: Callable[[Batch, Judge, Rules, ZoneInfo], Views | Signals]
    kept: bool
    remembers: bool = True
    together: int = 1


LINES = (
    Line(VIEWS, "shard", PAGEVIEW, fold, Views, kept=True),
    Line(SIGNALS, "signals", ENGAGEMENT, fold, Signals, kept=False),
    Line(INGEST, "ingest", PAGEVIEW, fold_ingested, Ingested, kept=True, remembers=False, together=1000),
)
BY_STREAM = {line.stream: line for line in LINES}


def source_of(shard: int, stream: str = VIEWS) -> str:
    return f"{BY_STREAM[stream].prefix}:{shard}"
