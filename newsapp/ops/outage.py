"""The database away: the one alarm that it cannot note itself. Redis remembers who was told, until the end of it is told as that of any other.

While Redis is away too nobody knows what the other processes have told, and nothing is told at all: a monitor outside is for that.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import structlog
from flask import current_app
from sqlalchemy import insert

from newsapp.database import write_unit
from newsapp.ops.alarms import DATABASE_SILENT, Raised
from newsapp.ops.alerts import BEGAN, CALM, LEASE, OVER, message, put
from newsapp.ops.board import BAD
from newsapp.ops.channels import CHANNELS, Channel, NotTaken
from newsapp.ops.models import alert
from newsapp.settings.store import SETTINGS_COPY, effective

log = structlog.get_logger()

MARK = "news:database_away"  # a hash of seconds since 1970: `since`, `back` while it answers again, and when each channel took it
ADVICE = "Start it again; look at its log and its disk. newsapp doctor says what it can be asked by."


class Outage(NamedTuple):
    """What Redis remembers of it."""

    since: int
    back: int  # 0 while it is away
    told: dict[str, int]  # when, by channel


def read() -> Outage | None:
    """The outage that is not over yet. Raises RedisError, as all here does."""
    found = {name.decode(): int(value) for name, value in redis().hgetall(MARK).items()}
    return Outage(found.pop("since"), found.pop("back", 0), found) if "since" in found else None


def redis() -> Any:
    return current_app.extensions["redis_desk"]


def note(error: Exception, at: int) -> None:
    """The database did not answer: told once it has held, by whoever gets the lease."""
    redis().hsetnx(MARK, "since", at)
    redis().hdel(MARK, "back")
    outage, settings = read(), effective((SETTINGS_COPY.read(redis()) or {}).get("values", {}), "site")
    if outage is None or at - outage.since < settings["alert_after"]:
        return
    raised = Raised(DATABASE_SILENT, BAD, DATABASE_SILENT.title, str(getattr(error, "orig", error)).strip(), DATABASE_SILENT.effect, ADVICE)
    said = message(DATABASE_SILENT.name, BEGAN, DATABASE_SILENT.title, outage.since, at, raised)
    for channel in CHANNELS:
        if channel.name not in outage.told and channel.address(settings) and redis().set(f"{MARK}:{channel.name}", 1, nx=True, ex=LEASE):
            send(channel, said, settings, at)


def send(channel: Channel, said: dict[str, Any], settings: dict[str, Any], at: int) -> None:
    """Send it; what is not taken is tried again when the lease is over."""
    try:
        channel.send(said, settings)
    except NotTaken as error:
        log.warning("alert not taken; it is tried again", channel=channel.name, alarm=DATABASE_SILENT.name, error=str(error))
    else:
        redis().hset(MARK, channel.name, at)


def follow(at: int) -> None:
    """The database answers: what was told of its absence is noted where all is, and the end told once that has held. One process at a time."""
    outage = read()
    if outage is None:
        return
    if outage.told and not outage.back:
        redis().hset(MARK, "back", at)
    elif not outage.told or at - outage.back >= CALM:
        write_down(outage, at)
        redis().delete(MARK)


def write_down(outage: Outage, at: int) -> None:
    """What was told, in the list of alerts, and its end to whom it was told."""
    said = {state: message(DATABASE_SILENT.name, state, DATABASE_SILENT.title, outage.since, outage.back) for state in (BEGAN, OVER)}
    with write_unit() as sql:
        for channel, sent in outage.told.items():
            values = {"name": DATABASE_SILENT.name, "channel": channel, "made": sent, "due": sent, "sent": sent}
            sql.execute(insert(alert), {**values, "said": json.dumps(said[BEGAN], ensure_ascii=False)})
        put(sql, list(outage.told), said[OVER], at)
