"""Recounting: what the kept events of an hour come to under another rule, and putting that in the place of what was counted."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from newsapp.database import db, write_unit
from newsapp.traffic.counting import HOUR, Array, Batch, Rows, due_of, rows_of, write_rows
from newsapp.traffic.days import SITE_ZONE
from newsapp.traffic.events import BY_CODE, COUNTED, INGEST, PAGEVIEW, Events
from newsapp.traffic.inbox import id_parts
from newsapp.traffic.judging import BURST, UNKNOWN, Judge
from newsapp.traffic.kept import RECORDS, Chunk, committed, read_hour
from newsapp.traffic.lately import is_read_elsewhere
from newsapp.traffic.models import (
    article_views_5min,
    article_views_hourly,
    held_views,
    kept_chunk,
    recounted_hour,
    released_views,
    sums_due,
    view_ledger,
)
from newsapp.traffic.rules import Rule, Rules, read_rules
from newsapp.traffic.sums import BUCKETS_KEPT, hour_of
from newsapp.traffic.upserts import insert_or_ignore

TOGETHER = ("spill", INGEST)  # kinds of sources whose events are judged as if they were of one
NEVER_KEPT = ("malformed",)  # booked, but no event that could be kept


class NotWhole(Exception):
    """An hour cannot be counted again; the message says why."""


@dataclass(frozen=True)
class Recount:
    """One hour under two rules: the one in force for it, and another. Views by article, events by reason."""

    hour: int
    before: Counter[int]
    after: Counter[int]
    reasons_before: Counter[str]
    reasons_after: Counter[str]
    numbers: frozenset[int]  # of the pieces that were read
    difference: Rows

    @property
    def differences(self) -> Counter[int]:
        """How many views each article gains, or loses."""
        found = Counter(self.after)
        found.subtract(self.before)
        return Counter({article: views for article, views in found.items() if views})


def rule_of(hour: int) -> Rule:
    """The rule that an hour's tables follow."""
    query = select(recounted_hour.c.rule).where(recounted_hour.c.hour == hour, recounted_hour.c.applied == 1)
    with db.engine.connect() as sql:
        applied = sql.scalar(query)
    return Rule(**applied) if applied else read_rules().at(hour)


def recount(hour: int, rule: Rule) -> Recount:
    """Count an hour's kept events under the rule in force for it, and under another. Raises NotWhole."""
    chunks = read_hour(hour)
    check_whole(hour, sum(len(chunk.records) for chunk in chunks))
    before, after = judged_again(hour, chunks, rule_of(hour)), judged_again(hour, chunks, rule)
    records = np.concatenate([chunk.records for chunk in in_order(chunks)]) if chunks else np.empty(0, RECORDS)
    batch, live = Batch(records["event"], records["at"].astype("i8")), records["reason"] != UNKNOWN
    return Recount(
        hour, views_of(batch.events, before), views_of(batch.events, after), reasons_of(before), reasons_of(after),
        frozenset(chunk.number for chunk in chunks), difference(batch, live, before, after),
    )  # fmt: skip


def check_whole(hour: int, kept: int) -> None:
    """Raises NotWhole unless as many events were kept as the tables hold of an hour."""
    with db.engine.connect() as sql:
        counted = booked(sql, hour)
    if counted and not kept:
        raise NotWhole(f"none of its {counted} events are kept")
    if counted != kept:
        raise NotWhole(f"{kept} events are kept, and {counted} were counted")


def booked(sql: Connection, hour: int) -> int:
    """How many events the tables hold of an hour, those left out that no file can have."""
    views = sql.execute(select(article_views_hourly.c.views).where(article_views_hourly.c.hour == hour)).scalars().all()
    ours = (view_ledger.c.hour == hour) & (view_ledger.c.kind == PAGEVIEW.code)
    rows = sql.execute(select(view_ledger.c.reason, view_ledger.c.events).where(ours))
    return int(sum(views) + sum(row.events for row in rows if BY_CODE[row.reason].name not in NEVER_KEPT))


def in_order(chunks: list[Chunk]) -> list[Chunk]:
    """Pieces by source, and within one as they were counted."""
    return sorted(chunks, key=lambda chunk: (chunk.source, id_parts(chunk.new)))


def judged_again(hour: int, chunks: list[Chunk], rule: Rule) -> Array:
    """The reasons of all events under a rule, in order. What the web process saw, and who was unknown then, stays so."""
    judges: dict[str, Judge] = {}
    reasons = [np.empty(0, "u1")]
    for chunk in in_order(chunks):
        group = chunk.source.partition(":")[0]
        judge = judges.setdefault(group if group in TOGETHER else chunk.source, Judge(math.inf, is_read_elsewhere))
        its_rule = replace(rule, burst=0) if group == INGEST else rule  # no burst of an app's
        events, at = chunk.records["event"], chunk.records["at"].astype("i8")
        reasons.append(judge.reasons(events, at, chunk.records["reason"] != UNKNOWN, Rules([(0, its_rule)])))
    events = np.concatenate([chunk.records["event"] for chunk in in_order(chunks)]) if chunks else np.empty(0, RECORDS)["event"]
    return released(hour, events, np.concatenate(reasons))


def released(hour: int, events: Events, reasons: Array) -> Array:
    """The reasons, but that what an editor released of this hour counts."""
    with db.engine.connect() as sql:
        rows = sql.execute(select(released_views).where(released_views.c.hour == hour)).all()
    for row in rows:
        mine = (events["article"] == row.article_id) & (reasons == row.reason)
        if row.reason == BURST:
            mine &= events["network"] == row.network
        reasons[np.flatnonzero(mine)[: row.events]] = COUNTED
    return reasons


def views_of(events: Events, reasons: Array) -> Counter[int]:
    articles, times = np.unique(events["article"][reasons == COUNTED], return_counts=True)
    return Counter(dict(zip(articles.tolist(), times.tolist(), strict=True)))


def reasons_of(reasons: Array) -> Counter[str]:
    """Events by the name of their reason; `counted` for none."""
    found: Counter[str] = Counter()
    for code, times in zip(*(part.tolist() for part in np.unique(reasons, return_counts=True)), strict=True):
        found[BY_CODE[code].name if code else "counted"] += times
    return found


def difference(batch: Batch, live: Array, before: Array, after: Array) -> Rows:
    """What the tables have to be given, or to give, to follow the other rule."""
    zone = SITE_ZONE.read()
    pairs = zip(rows_of(batch, live, before, zone), rows_of(batch, live, after, zone), strict=True)
    return [(table, less(table, new, old)) for (table, old), (_, new) in pairs]


def less(table: Any, new: dict[str, Array], old: dict[str, Array]) -> dict[str, Array]:
    """New less old, by the table's key; only rows that differ."""
    keys = [column.name for column in table.primary_key.columns]
    sign = np.concatenate([np.ones(len(new[keys[0]]), "i8"), -np.ones(len(old[keys[0]]), "i8")])
    joined = {name: np.concatenate([new[name], old[name]]) for name in new}
    totals: dict[tuple[int, ...], Array] = {}
    added = [name for name in new if name not in keys]
    amounts = np.stack([joined[name] * sign for name in added], axis=1)
    for key, row in zip(zip(*(joined[name].tolist() for name in keys), strict=True), amounts, strict=True):
        totals[key] = totals.get(key, 0) + row
    changed = {key: row for key, row in totals.items() if row.any()}
    columns = {name: np.array([key[place] for key in changed], "i8") for place, name in enumerate(keys)}
    return columns | {name: np.array([row[place] for row in changed.values()], "i8") for place, name in enumerate(added)}


def apply(found: Recount, rule: Rule, at: datetime) -> None:
    """Let an hour's tables, and the open windows, follow the other rule, in one transaction. Raises NotWhole when events came since."""
    with write_unit() as connection:
        if connection.dialect.name == "postgresql":  # nothing may be counted into the hour meanwhile
            connection.exec_driver_sql(f"LOCK TABLE {kept_chunk.name} IN SHARE ROW EXCLUSIVE MODE")
        if not committed(connection, [found.hour]) <= found.numbers:
            raise NotWhole("events of it were counted meanwhile; run it again")
        oldest = int(at.timestamp()) // HOUR * 12 - BUCKETS_KEPT
        write_rows(connection, [part for part in found.difference if part[0] is not article_views_5min or found.hour * 12 > oldest])
        if due := due_of(found.difference):
            connection.execute(insert(sums_due).values(added=due))
        for table in (view_ledger, held_views):
            connection.execute(delete(table).where(table.c.hour == found.hour, table.c.events == 0))
        note(connection, found.hour, {"rule": asdict(rule), "applied": 1, "views": found.after.total(), "off": 0, "at": int(at.timestamp())})


def note(connection: Connection, hour: int, values: dict[str, Any]) -> None:
    connection.execute(
        insert_or_ignore(connection, recounted_hour), {"hour": hour, "rule": asdict(Rule()), "applied": 0, "views": 0, "off": 0, "at": 0}
    )
    connection.execute(recounted_hour.update().where(recounted_hour.c.hour == hour).values(values))


def is_done(hour: int, rule: Rule) -> bool:
    """Whether an hour's tables follow that rule by an earlier recount."""
    with db.engine.connect() as sql:
        row = sql.execute(select(recounted_hour).where(recounted_hour.c.hour == hour)).one_or_none()
    return row is not None and bool(row.applied) and Rule(**row.rule) == rule


def compare(hour: int, at: datetime) -> int:
    """Count an hour again under its own rule, and remember by how many views its table says otherwise. Raises NotWhole."""
    found = recount(hour, rule_of(hour))
    query = select(article_views_hourly.c.article_id, article_views_hourly.c.views).where(article_views_hourly.c.hour == hour)
    with db.engine.connect() as sql:
        there = Counter({row.article_id: row.views for row in sql.execute(query)})
    off = sum(abs(there[article] - found.after[article]) for article in there | found.after)
    with write_unit() as connection:
        note(connection, hour, {"views": there.total(), "off": off, "at": int(at.timestamp())})
    return off


def compare_sample(at: datetime, hours: list[int], size: int = 6) -> dict[int, int]:
    """Compare some of the kept hours that are over, drawn by the day. Returns by how many views each differs; an hour not whole is left out."""
    over = [hour for hour in hours if hour < hour_of(at)]
    found = {}
    for hour in sorted(np.random.default_rng(hour_of(at) // 24).permutation(over)[:size].tolist()):
        with contextlib.suppress(NotWhole):
            found[int(hour)] = compare(int(hour), at)
    return found
