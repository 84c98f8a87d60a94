"""The webhook "entered Most Viewed": another program is told once when a story comes into the paper's list.

A turn compares the list with who stood in it before (list_member, where `since` is when a story was last
seen there). What was told is noted after it, so a turn that was killed tells again, with the same id.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import Connection, delete, select

from newsapp.database import write_unit
from newsapp.settings.store import effective, stored
from newsapp.traffic import ranking
from newsapp.traffic.asked import SITE
from newsapp.traffic.models import list_member
from newsapp.traffic.outbound import NotAllowed, Unanswered, post
from newsapp.traffic.windows import BY_SLUG, Window

log = structlog.get_logger()

EVENT = "entered_most_viewed"
SIGNATURE = "X-Newsapp-Signature"
AWAY = 3600  # seconds out of the list after which coming in is told again
FORGOTTEN = 7 * 24 * 3600
LONGEST_TURN = 20.0  # seconds; a receiver may be slow, and the next turn comes


def tell_entries(at: datetime) -> int:
    """Tell who has come into the list since the last turn. Returns how many were told; the rest are for the next turn."""
    settings = effective(stored()[1], "site")
    if not settings["webhook_address"]:
        return 0
    window = BY_SLUG[settings["most_viewed_window"]]
    lines = ranking.site_list(window, at)[: settings["webhook_places"]]
    entered = newcomers(window, [line["id"] for line in lines], at)
    messages = [message(line, place, window, at) for place, line in enumerate(lines, 1) if line["id"] in entered]
    return sum(1 for _ in told(messages, settings, window, at))


def newcomers(window: Window, ids: list[int], at: datetime) -> set[int]:
    """Those that were not in the list for an hour or ever; it is noted that the others still are."""
    with write_unit() as sql:
        table = list_member.c
        here = (table.scope == SITE) & (table.window == window.slug)
        sql.execute(delete(list_member).where(here, table.since < int(at.timestamp()) - FORGOTTEN))
        recent = select(table.article_id).where(here, table.article_id.in_(ids), table.since > int(at.timestamp()) - AWAY)
        staying = set(sql.scalars(recent))
        see(sql, window, staying, at)
    return set(ids) - staying


def see(sql: Connection, window: Window, ids: set[int], at: datetime) -> None:
    """Note that stories stand in the list."""
    table = list_member.c
    sql.execute(delete(list_member).where(table.scope == SITE, table.window == window.slug, table.article_id.in_(ids)))
    if ids:
        rows = [{"scope": SITE, "window": window.slug, "article_id": article, "since": int(at.timestamp())} for article in sorted(ids)]
        sql.execute(list_member.insert(), rows)


def told(messages: list[dict[str, Any]], settings: dict[str, Any], window: Window, at: datetime) -> Iterator[dict[str, Any]]:
    """Send one after the other, and note each; the first that is not taken ends the turn."""
    end = time.monotonic() + LONGEST_TURN
    for each in messages:
        try:
            send(each, settings["webhook_address"], settings["webhook_secret"])
        except (NotAllowed, Unanswered) as error:
            log.warning("webhook not taken; the next turn tries again", address=settings["webhook_address"], error=str(error))
            return
        with write_unit() as sql:
            see(sql, window, {each["article"]["id"]}, at)
        yield each
        if time.monotonic() > end:
            return


def message(line: dict[str, Any], place: int, window: Window, at: datetime) -> dict[str, Any]:
    """What is told of a story. Its id is the same if it has to be told again within the hour."""
    moment = at.astimezone(UTC)
    url = current_app.config["SITE_URL"] + line["path"]
    return {
        "event": EVENT,
        "id": f"{window.slug}-{line['id']}-{moment:%Y%m%d%H}",
        "article": {"id": line["id"], "url": url, "headline": line["headline"], "section": line["section_slug"]},
        "window": window.slug,
        "position": place,
        **{name: value for name, value in line.items() if name in ("views", "score")},
        "at": moment.isoformat(timespec="seconds"),
    }


def send(said: dict[str, Any], address: str, secret: str) -> None:
    """One POST, signed. Raises NotAllowed or Unanswered."""
    body = json.dumps(said, ensure_ascii=False).encode()
    post(address, body, {"Content-Type": "application/json", SIGNATURE: signature(secret, body)}, current_app.config["WEBHOOK_ALLOW"])


def signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, 'sha256').hexdigest()}"
