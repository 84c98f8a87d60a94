"""Jobs are doorbells: ids in, one call. The work lives in newsapp, where it is tested without RQ.

Every job may run twice, or late, or be lost with its worker: the schedule rings again.
"""

from __future__ import annotations

import redis
from flask import current_app

from newsapp import changes
from newsapp.database import now
from newsapp.delivery.shelf import BY_NAME
from newsapp.settings.store import SETTINGS_COPY
from newsapp.traffic import counter, ranking, spill_counting, sums
from workers.stopping import STOPPING


def connection() -> redis.Redis:
    """The connection of this process's jobs."""
    return current_app.extensions["redis_jobs"]  # type: ignore[no-any-return]


def count(shard: int) -> int:
    """Count a shard's events for some seconds."""
    return counter.count_shard(shard, connection(), stopping=STOPPING.is_set)


def count_spill() -> None:
    """Count what was spilled, and show it."""
    if sections := spill_counting.count_spill(now()):
        ranking.publish(connection(), sections, now())


def refresh_site() -> None:
    """What the desk has changed: sections, newest stories, hidden ones, headlines in lists."""
    tell()
    for name in ("site", "hidden"):
        BY_NAME[name].refresh(connection())
    publish_lists()


def refresh_settings() -> None:
    """The settings that editors have saved."""
    tell()
    SETTINGS_COPY.refresh(connection())


def tell() -> None:
    """Changes that were committed and not told."""
    changes.tell(connection())


def publish_lists() -> None:
    """Every Most Viewed list."""
    ranking.publish_all(connection(), now())


def expire_windows() -> None:
    """Hours that have left a window."""
    if sums.expire_windows(now()):
        publish_lists()


def merge_days() -> None:
    """Old hours into days, and what nothing reads any more."""
    sums.merge_days(now())
    sums.merge_ledger(now())
    sums.drop_old_buckets(now())
    changes.forget(now())
