"""Jobs are doorbells: ids in, one call. The work lives in newsapp, where it is tested without RQ.

Every job may run twice, or late, or be lost with its worker: the schedule rings again.
"""

from __future__ import annotations

import redis
from flask import current_app

from newsapp import changes
from newsapp.audit import reading as audit
from newsapp.database import now
from newsapp.delivery import cdn
from newsapp.delivery.shelf import BY_NAME
from newsapp.media import formats
from newsapp.ops import failed
from newsapp.publishing import clock, links
from newsapp.queues import later
from newsapp.revisions import unsaved
from newsapp.search import keeping, spelling
from newsapp.settings.store import SETTINGS_COPY, site_values
from newsapp.traffic import (
    counter,
    ingest_counting,
    kept,
    ranking,
    recounting,
    referrers,
    releasing,
    rules,
    spill_counting,
    sums,
    thresholds,
    trend,
    uniques,
    webhook,
)
from newsapp.websub import noting, telling
from workers.stopping import STOPPING


def connection() -> redis.Redis:
    """The connection of this process's jobs."""
    return current_app.extensions["redis_jobs"]  # type: ignore[no-any-return]


def count(shard: int) -> int:
    """Count a shard's events for some seconds."""
    return counter.count_shard(shard, connection(), stopping=STOPPING.is_set)


def count_spill() -> None:
    """Count what was spilled, and show it."""
    spill_counting.count_spill(now())
    publish_due()


def publish_due() -> None:
    """What the sums are due, such as views that an editor released, and the lists that it changes."""
    if sections := sums.apply_sums():
        ranking.publish(connection(), sections, now())


def refresh_site() -> None:
    """What the desk has changed: sections, newest stories, hidden ones, headlines in lists."""
    tell()
    for name in ("site", "hidden"):
        BY_NAME[name].refresh(connection())
    publish_lists()
    note_feeds()


def refresh_settings() -> None:
    """The settings that editors have saved."""
    tell()
    SETTINGS_COPY.refresh(connection())


def index_texts() -> None:
    """What waits to be found by its words."""
    keeping.index_texts()


def note_words() -> None:
    """The words that a mistyped one may have been."""
    spelling.note_words()


def make_formats() -> None:
    """Pictures of which WebP alone was kept, in the other formats."""
    formats.bring_up_to_date()


def turn_due() -> None:
    """What the clock has turned: embargoes that are over, stories whose time has ended."""
    if clock.turn_due(now()):
        refresh_site()


def ask_links(article_id: int) -> None:
    """Other sites that a story links to: do they answer?"""
    links.ask_links(article_id, now())


def tell() -> None:
    """Changes that were committed and not told."""
    changes.tell(connection())


def purge() -> None:
    """Pages that changed, to be forgotten by the CDN."""
    cdn.purge(connection(), current_app.config, now().timestamp())


def publish_lists() -> None:
    """Every Most Viewed list."""
    ranking.publish_all(connection(), now())


def expire_windows() -> None:
    """Hours that have left a window."""
    if sums.expire_windows(now()):
        publish_lists()


def note_rules() -> None:
    """What the settings ask of counting, from the next full hour on."""
    rules.note_rule(now())
    trend.note_half_life(now())


def keep_hosts() -> None:
    """The names of referring hosts."""
    referrers.keep_hosts(connection())


def forget_ids() -> None:
    """Event ids of apps that are older than a day."""
    ingest_counting.forget_ids(connection(), now())


def forget_unsaved() -> None:
    """Text that nobody came back for."""
    unsaved.forget(now())


def keep_uniques() -> None:
    """How many visitors there were, of days that are over."""
    uniques.keep_uniques(connection(), now())


def seal_hours() -> None:
    """Files of kept events, of hours that are over."""
    kept.seal_hours(now())


def compare_hours() -> None:
    """Some hours, counted again from their kept events."""
    recounting.compare_sample(now(), kept.kept_hours())


def tell_entries() -> None:
    """Stories that have come into Most Viewed, to the webhook."""
    webhook.tell_entries(now())


def note_feeds() -> None:
    """Feeds that have news, for the hub of WebSub; it is told by a queue that nobody waits for."""
    if noting.note_feeds(now()):
        later("tell_hub", queue_name="slow", together=2)


def tell_hub() -> None:
    """News of feeds, to the hub. Fails with the reason when it does not take them."""
    telling.tell_hub()


def reset_thresholds() -> None:
    """From which sum on the indexes of each window hold an article."""
    thresholds.reset()


def merge_days() -> None:
    """Old hours into days, and what nothing reads any more."""
    sums.merge_days(now())
    sums.merge_ledger(now())
    sums.drop_old_buckets(now())
    thresholds.lighten_trend(now())
    releasing.drop_held(now())
    changes.forget(now())
    audit.forget(now(), site_values()["audit_days"])
    forget_sessions()


def run_now(name: str) -> None:
    """A job of the schedule that an operator asked for, whatever its turn."""
    from workers import periodic  # it knows the jobs of this module

    periodic.run(name, anyway=True)


def requeue_all_failed(queue_name: str) -> None:
    """All jobs that failed on a queue, asked for again."""
    failed.act_on_all("requeue", queue_name, connection())


def delete_all_failed(queue_name: str) -> None:
    """All jobs that failed on a queue, forgotten."""
    failed.act_on_all("delete", queue_name, connection())


def forget_sessions() -> None:
    """Sessions at the desk that are over."""
    from newsapp.people import sessions  # what signs editors in comes with it, and only this job needs that

    sessions.forget(now())
