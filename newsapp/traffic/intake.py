"""The intake: where apps' views go into the inbox. What it cannot take, an app sends again, with the same ids."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

import redis
import structlog

from newsapp.config import Config
from newsapp.database import now
from newsapp.traffic.days import SITE_ZONE
from newsapp.traffic.events import INGEST
from newsapp.traffic.inbox import Inbox, Outcome, stream_key
from newsapp.traffic.ingest import View, number_of, pack
from newsapp.traffic.installation import is_another_one
from newsapp.traffic.lines import source_of
from newsapp.traffic.overload import BY_CAUSE
from newsapp.traffic.rollback import mend_rollback
from newsapp.traffic.visitors import day_of_minute, salt_of_day

log = structlog.get_logger()

LOOK_EVERY = 1.0  # seconds


class NotTaken(Exception):
    """The inbox cannot take it now, or nobody can say whether it did; the message says why."""


class Intake:
    """One request is one entry of one command: it is stored whole, or not at all."""

    def __init__(self, config: Config) -> None:
        self.inbox = Inbox(config, self.mend)
        self.looked = -LOOK_EVERY

    def take(self, connection: redis.Redis, app: str, views: Sequence[View]) -> None:
        """Store an app's views. Raises NotTaken."""
        try:
            self.look(connection)
            fields = pack(app, views, salts(connection))
        except redis.RedisError as error:
            log.warning("apps' views not taken", app=app, views=len(views), error=str(error))
            raise NotTaken(BY_CAUSE["away"].text) from error
        if self.inbox.add_fields(INGEST, number_of(app), fields) is not Outcome.STORED:
            raise NotTaken(BY_CAUSE[self.inbox.why() or self.inbox.fault].text)

    def mend(self, connection: redis.Redis) -> None:
        """Let no view into a Redis that came back older: its ids could begin below the cursors, where no counter looks."""
        for shard in range(self.inbox.shards):
            mend_rollback(connection, source_of(shard, INGEST), stream_key(shard, INGEST))

    def look(self, connection: redis.Redis) -> None:
        """Once a second: is there room, and is this Redis ours? Raises RedisError."""
        if time.monotonic() - self.looked < LOOK_EVERY:
            return
        self.inbox.check(connection)
        self.inbox.ours = not is_another_one(connection)
        self.looked = time.monotonic()


def salts(connection: redis.Redis) -> Callable[[datetime | None], bytes]:
    """The key of the day that a moment belongs to, None being now, so that a late view's visitor is one with that day's."""
    zone, of_day = SITE_ZONE.read(), cache(lambda day: salt_of_day(connection, day))

    def salt_of(at: datetime | None) -> bytes:
        return of_day(day_of_minute(zone, int((at or now()).timestamp()) // 60))

    return salt_of
