"""When Redis comes back older than what was counted: keep new events visible and the books right."""

from __future__ import annotations

from typing import Any

import redis
import structlog
from redis.exceptions import ResponseError
from sqlalchemy import select

from newsapp.database import db
from newsapp.traffic.inbox import id_parts, pages_of
from newsapp.traffic.models import count_cursor

log = structlog.get_logger()


def stream_state(connection: redis.Redis, stream: str) -> tuple[str, int]:
    """(last id, entries ever added) as Redis itself counts them; of a stream that is not there, zeros."""
    try:
        info: Any = connection.xinfo_stream(stream)
    except ResponseError:
        return "0-0", 0
    return info["last-generated-id"].decode(), int(info["entries-added"])


def cursor_row(source: str) -> tuple[str, int]:
    """(position, entries counted) of a source."""
    query = select(count_cursor.c.pos, count_cursor.c.entries).where(count_cursor.c.source == source)
    with db.engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return (row.pos, row.entries) if row else ("0-0", 0)


CHECKED: dict[str, str] = {}  # by stream, the run of the server that was found in order


def mend_rollback(connection: redis.Redis, source: str, stream: str) -> bool:
    """Move a stream, and its own counter, forward when Redis came back older than what was counted. True when it did.

    Happens after a power cut under everysec, with a new master, an emptied disk or another REDIS_URL:
    ids could begin again below the cursor, where no counter looks, and `entries-added` lacks what was
    counted. Only a server that was started anew can have gone back, so each run is looked at once, and
    again when less stands there than was counted: a commit may have been on its way meanwhile.
    """
    server: Any = connection.info("server")
    pos, counted = cursor_row(source)
    last, added = stream_state(connection, stream)
    is_behind = added < counted or id_parts(last) < id_parts(pos)
    if CHECKED.get(stream) == server["run_id"] and not is_behind:
        return False
    end = max(last, pos, key=id_parts)
    expected = counted + entries_between(connection, stream, pos, last)
    if end == last and added >= expected:
        CHECKED[stream] = server["run_id"]
        return False
    create_if_missing(connection, stream)
    try:
        send: Any = connection.execute_command
        send("XSETID", stream, end, "ENTRIESADDED", max(added, expected))
    except ResponseError as error:  # an event came in between: the next turn looks again
        log.info("rollback not mended yet", stream=stream, error=str(error))
        return False
    log.error("Redis came back older than what was counted; stream moved forward", stream=stream, was=last, forgotten=expected - added)
    return True


def entries_between(connection: redis.Redis, stream: str, pos: str, last: str) -> int:
    """How many entries stand after a cursor, up to an id."""
    if id_parts(last) <= id_parts(pos):
        return 0
    return sum(len(page) for page in pages_of(connection, stream, f"({pos}", last))


def create_if_missing(connection: redis.Redis, stream: str) -> None:
    """XSETID needs a stream; making a group for a moment makes an empty one."""
    if not connection.exists(stream):
        connection.xgroup_create(stream, "begin", id="0", mkstream=True)
        connection.xgroup_destroy(stream, "begin")
