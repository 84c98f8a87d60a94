"""Alerts: an alarm that holds is told once by e-mail and webhook, and its end once, however many processes look and die.

Whoever takes the turn reads the figures. What is to be told is written in the transaction that notes the alarm as told; it is sent
after that, by whoever has the lease of it, and tried again until it is taken. A process that dies between the sending and the note of
it has it sent twice, under the same id.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import Connection, delete, insert, or_, select, update

from newsapp.database import db, write_unit
from newsapp.ops import reading
from newsapp.ops.alarms import BY_NAME, Raised, alarms
from newsapp.ops.board import spoken
from newsapp.ops.channels import CHANNELS, NotTaken
from newsapp.ops.figures import Figures
from newsapp.ops.models import WATCH, alert, open_alarm
from newsapp.settings.store import site_values
from newsapp.traffic.models import schedule_state
from newsapp.traffic.upserts import insert_or_ignore

log = structlog.get_logger()

EVERY = 10  # seconds between two looks
CALM = 60  # seconds that an alarm must be over before its end is told: one that comes and goes is one
LEASE = 120  # seconds that a sender has
GIVEN_UP = 24 * 3600  # seconds after which an alert is no news
KEPT = 90 * 24 * 3600  # seconds that the list of alerts goes back
LONGEST_TURN = 30.0  # seconds of sending; the next turn goes on
BEGAN, OVER = "began", "over"


def watch(at: datetime) -> bool:
    """Look, note, send. False when another process looks at this time."""
    turn = int(at.timestamp()) // EVERY * EVERY
    if not claim(turn):
        return False
    figures = reading.read()
    note(figures, alarms(figures), turn, int(at.timestamp()))
    db.session.remove()
    send_due(int(at.timestamp()))
    return True


def claim(turn: int) -> bool:
    """Take a turn. False means another was first."""
    mine = schedule_state.c.job == WATCH
    with db.engine.connect() as connection:
        found = connection.scalar(select(schedule_state.c.through).where(mine))
    if found is not None and turn <= found <= turn + EVERY:
        return False
    with write_unit() as connection:
        connection.execute(insert_or_ignore(connection, schedule_state), {"job": WATCH, "through": -1})
        is_free = or_(schedule_state.c.through < turn, schedule_state.c.through > turn + EVERY)  # far ahead: by a clock since set back
        return connection.execute(update(schedule_state).where(mine, is_free).values(through=turn, started=turn)).rowcount == 1


def note(figures: Figures, raised: list[Raised], turn: int, at: int) -> None:
    """Write down what is open since when, and what is to be told. Nothing when somebody took a later turn meanwhile."""
    settings = site_values()
    channels = [channel.name for channel in CHANNELS if channel.address(settings)]
    with write_unit() as sql:
        if sql.scalar(select(schedule_state.c.through).where(schedule_state.c.job == WATCH)) != turn:
            return
        known = {row.name: row for row in sql.execute(select(open_alarm))}
        for each in raised:
            rise(sql, each, known.get(each.alarm.name), channels, settings["alert_after"], at)
        here = {each.alarm.name for each in raised}
        for name, row in known.items():
            if name not in here and can_be_over(name, figures):
                calm(sql, row, channels, at)
        sql.execute(delete(alert).where(alert.c.made < at - KEPT))


def can_be_over(name: str, figures: Figures) -> bool:
    """Whether anybody can say so: while Redis is silent, what only it knows is as it was."""
    return name not in BY_NAME or figures.redis is not None or not BY_NAME[name].needs_redis


def rise(sql: Connection, each: Raised, row: Any, channels: list[str], after: int, at: int) -> None:
    """An alarm is open: told once it has held."""
    mine = open_alarm.c.name == each.alarm.name
    if row is None:
        values = {"name": each.alarm.name, "since": at, "calm": 0, "told": 0, "title": each.title[:300]}
        if not sql.execute(insert_or_ignore(sql, open_alarm), values).rowcount:
            return
        began, told = at, 0
    else:
        sql.execute(update(open_alarm).where(mine).values(calm=0, title=each.title[:300]))
        began, told = row.since, row.told
    if told or at - began < after:
        return
    if sql.execute(update(open_alarm).where(mine, open_alarm.c.told == 0).values(told=at)).rowcount:
        put(sql, channels, message(each.alarm.name, BEGAN, each.title, began, at, each), at)


def calm(sql: Connection, row: Any, channels: list[str], at: int) -> None:
    """An alarm is not open any more: forgotten if it was never told, else told to be over once that has held."""
    mine = open_alarm.c.name == row.name
    if row.told and not row.calm:
        sql.execute(update(open_alarm).where(mine).values(calm=at))
    elif not row.told:
        sql.execute(delete(open_alarm).where(mine, open_alarm.c.told == 0))
    elif at - row.calm >= CALM and sql.execute(delete(open_alarm).where(mine, open_alarm.c.calm == row.calm)).rowcount:
        sql.execute(delete(alert).where(alert.c.name == row.name, alert.c.sent == 0))  # that it began is no news to who never heard of it
        put(sql, channels, message(row.name, OVER, row.title, row.since, row.calm), at)


def put(sql: Connection, channels: list[str], said: dict[str, Any], at: int) -> None:
    log.warning("alarm" if said["state"] == BEGAN else "alarm is over", alarm=said["alarm"], title=said["title"])
    rows = [{"name": said["alarm"], "channel": channel, "said": json.dumps(said, ensure_ascii=False), "made": at, "due": at} for channel in channels]
    if rows:
        sql.execute(insert(alert), rows)


def message(name: str, state: str, title: str, since: int, at: int, raised: Raised | None = None) -> dict[str, Any]:
    """What is told of an alarm. Its id is the same if it has to be told again."""
    board = f"{current_app.config['DESK_URL']}/desk/ops"
    said = {
        "event": f"alarm_{state}", "id": f"{name}-{since}-{state}", "alarm": name, "state": state, "title": title,
        "since": moment(since), "at": moment(at), "lasted": " ".join(spoken(at - since)), "paper": current_app.config["SITE_URL"], "board": board,
        "runbook": f"{board}/runbook#{name}",
    }  # fmt: skip
    if raised is None:
        return said
    return {**said, "severity": raised.tone, "cause": raised.cause, "effect": raised.effect, "advice": raised.advice}


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def send_due(at: int) -> int:
    """Send what is due, each by whoever gets its lease. Returns how many were taken."""
    end, taken, settings = time.monotonic() + LONGEST_TURN, 0, site_values()
    with db.engine.connect() as connection:
        rows = connection.execute(select(alert).where(alert.c.sent == 0, alert.c.due <= at).order_by(alert.c.id)).all()
    for row in rows:
        if time.monotonic() > end:
            break
        if lease(row, at):
            taken += send(row, settings, at)
    return taken


def lease(row: Any, at: int) -> bool:
    """Take an alert to send it. False means another has it."""
    mine = (alert.c.id == row.id) & (alert.c.due == row.due) & (alert.c.sent == 0)
    with write_unit() as connection:
        return connection.execute(update(alert).where(mine).values(due=at + LEASE, tries=row.tries + 1)).rowcount == 1


def send(row: Any, settings: dict[str, Any], at: int) -> bool:
    """Send it, and note what became of it."""
    channel = next(each for each in CHANNELS if each.name == row.channel)
    try:
        channel.send(json.loads(row.said), settings)
    except NotTaken as error:
        log.warning("alert not taken; it is tried again", channel=row.channel, alarm=row.name, error=str(error))
        values: dict[str, Any] = {"due": at + pause(row.tries), "error": str(error)[:500]}
    else:
        values = {"sent": at, "error": ""}
    with write_unit() as connection:
        connection.execute(update(alert).where(alert.c.id == row.id).values(values))
        connection.execute(delete(alert).where(alert.c.id == row.id, alert.c.sent == 0, alert.c.made < at - GIVEN_UP))
    return "sent" in values


def pause(tries: int) -> int:
    """Seconds until the next try: half a minute, then ever longer, at most an hour."""
    return int(min(3600, 30 * 2**tries))


def latest(limit: int = 50) -> list[dict[str, Any]]:
    """What was told lately, newest first: each alert's words, its channel, and when it was taken."""
    rows = db.session.execute(select(alert).order_by(alert.c.id.desc()).limit(limit))
    return [
        {**json.loads(row.said), "channel": row.channel, "sent": datetime.fromtimestamp(row.sent, UTC) if row.sent else None,
         "made": datetime.fromtimestamp(row.made, UTC), "error": row.error}
        for row in rows
    ]  # fmt: skip
