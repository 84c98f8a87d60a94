"""Telling the hub: one request for each address of each feed that has news (https://www.w3.org/TR/websub/, section 7).

A hub that does not take it is asked again, after pauses that double. Nothing but this waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import current_app
from sqlalchemy import select, update

from newsapp.database import db, now, write_unit
from newsapp.settings.store import site_values
from newsapp.traffic.outbound import NotAllowed, Unanswered, send
from newsapp.websub.models import HubFeed
from newsapp.websub.noting import SETTLE
from newsapp.websub.topics import addresses_of, digest_of

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_TRIES = 12  # almost a day; the next news of the feed begin anew
LONGEST_TURN = 60.0  # seconds; a hub may be slow, and the next turn comes
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class HubFailed(Exception):
    """The hub did not take what it was told; the message says why, and when it is told again."""


class HubAway(Exception):
    """It would take nothing else now, either."""


def tell_hub(sleep: Callable[[float], None] = time.sleep) -> int:
    """Tell the hub of all that is due. Returns of how many feeds. Raises HubFailed at the end if it did not take some."""
    hub = site_values()["websub_hub"]
    if not hub:
        return 0
    sleep(wait_for_due())
    told, end, failures = 0, time.monotonic() + LONGEST_TURN, list[str]()
    for name, due, tries in due_at(now()):
        if time.monotonic() > end or not claim(name, due, tries):
            continue
        try:
            tell_of(name, hub)
            told += 1
        except (HubFailed, HubAway, NotAllowed) as error:
            failures.append(f"{name}: {error}")
            if not isinstance(error, HubFailed):
                put_off(tries)
                break
    if failures:
        more = f" So it was with {len(failures) - 1} more." if failures[1:] else ""
        raise HubFailed(f"The hub {hub} did not take the news of {failures[0]}.{more} {next_try()}")
    return told


def wait_for_due() -> float:
    """Seconds until what was noted just now is due."""
    with db.engine.connect() as sql:
        due = sql.scalar(select(HubFeed.due).where(HubFeed.due <= now() + SETTLE).order_by(HubFeed.due.desc()).limit(1))
    return max(0.0, (due - now()).total_seconds()) if due else 0.0


def due_at(at: datetime) -> list[tuple[str, datetime, int]]:
    """(feed, since when it is due, tries in vain), the longest due first."""
    query = select(HubFeed.name, HubFeed.due, HubFeed.tries).where(HubFeed.due <= at).order_by(HubFeed.due, HubFeed.name)
    with db.engine.connect() as sql:
        return [(row.name, row.due, row.tries) for row in sql.execute(query)]


def claim(name: str, due: datetime, tries: int) -> bool:
    """Take a feed, so that it is told again only after a pause, should this fail or die. False means another worker was first."""
    after = now() + pause(tries + 1) if tries + 1 < MOST_TRIES else None
    with write_unit() as sql:
        taken = update(HubFeed).where(HubFeed.name == name, HubFeed.due == due).values(due=after, tries=tries + 1)
        return sql.execute(taken).rowcount == 1


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries in vain."""
    return min(FIRST_PAUSE * int(2 ** (tries - 1)), LONGEST_PAUSE)


def tell_of(name: str, hub: str) -> None:
    """Tell of a feed as it is now, in every format. Raises HubFailed, HubAway or NotAllowed."""
    digest = digest_of(name, now())
    addresses = addresses_of(name)
    db.session.rollback()
    for address in addresses:
        ping(hub, address)
    with write_unit() as sql:
        sql.execute(update(HubFeed).where(HubFeed.name == name).values(told=digest, due=None, tries=0))


def ping(hub: str, address: str) -> None:
    """One request. A hub that refuses this address may take others; one that is away, or too busy, takes none."""
    body = urlencode({"hub.mode": "publish", "hub.url": address}).encode()
    try:
        status, _ = send("POST", hub, body, FORM, current_app.config["WEBHOOK_ALLOW"])
    except Unanswered as error:
        raise HubAway(str(error)) from error
    if 200 <= status < 300:
        return
    said = f"the answer to {address} was {status}"
    raise HubFailed(said) if 400 <= status < 500 and status not in (408, 429) else HubAway(said)


def put_off(tries: int) -> None:
    """Nothing else that is due is tried before the feed that the hub did not take: each has been told in vain as well."""
    with write_unit() as sql:
        later = {"due": now() + pause(tries + 1), "tries": HubFeed.tries + 1}
        sql.execute(update(HubFeed).where(HubFeed.due <= now()).values(later))
        sql.execute(update(HubFeed).where(HubFeed.tries >= MOST_TRIES).values(due=None))


def next_try() -> str:
    with db.engine.connect() as sql:
        due = sql.scalar(select(HubFeed.due).where(HubFeed.due.is_not(None)).order_by(HubFeed.due).limit(1))
    return f"It is told again at {due:%H:%M} UTC" if due else "It is told no more until these feeds have other news"
