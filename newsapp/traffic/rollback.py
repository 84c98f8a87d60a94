"""When Redis comes back older than what was counted: keep new events visible and the books right."""

from __future__ import annotations

from typing import Any

import redis
import structlog
from redis.exceptions import ResponseError
from sqlalchemy import select

from newsapp.database import db
from newsapp.traffic.models import count_cursor

log = structlog.get_logger()


def id_parts(text: str) -> tuple[int, int]:
    """A stream id as numbers that compare."""
    milliseconds, _, sequence = text.partition("-")
    return int(milliseconds), int(sequence or 0)


def stream_state(connection: redis.Redis, stream: str) -> tuple[str, int]:
    """(last id, entries ever added) as Redis itself counts them; of a stream that is not there, zeros."""
    try:
        info: Any = connection.xinfo_stream(stream)
    except ResponseError:
        return "0-0", 0
    return info["last-generated-id"].decode(), int(info["entries-added"])


def entries_counted(source: str) -> int:
    """How many entries of a source have been counted."""
    with db.engine.connect() as connection:
        return connection.scalar(select(count_cursor.c.entries).where(count_cursor.c.source == source)) or 0


def mend_rollback(connection: redis.Redis, source: str, stream: str, pos: str) -> bool:
    """Move a stream forward that ends before what was counted of it. True when it did.

    Happens after a power cut under everysec, or with a new master, or an emptied disk: ids would
    begin again below the cursor, where no counter looks. The entries that Redis has forgotten were
    counted, so its own counter is moved along.
    """
    last, added = stream_state(connection, stream)
    counted = entries_counted(source)
    behind = id_parts(last) < id_parts(pos)
    if not behind and not (last == pos and added < counted):
        return False
    create_if_missing(connection, stream)
    try:
        send: Any = connection.execute_command
        send("XSETID", stream, pos, "ENTRIESADDED", counted)
    except ResponseError as error:  # an event came in between: the next turn looks again
        log.info("rollback not mended yet", stream=stream, error=str(error))
        return False
    log.error("Redis came back older than what was counted; stream moved forward", stream=stream, was=last, forgotten=counted - added)
    return True


def create_if_missing(connection: redis.Redis, stream: str) -> None:
    """XSETID needs a stream; making a group for a moment makes an empty one."""
    if not connection.exists(stream):
        connection.xgroup_create(stream, "begin", id="0", mkstream=True)
        connection.xgroup_destroy(stream, "begin")
