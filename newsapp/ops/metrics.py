"""What Prometheus reads: counters of this process or of all, and the board's figures as gauges.

With PROMETHEUS_MULTIPROC_DIR set before the first import, processes keep their counters in files
of that folder, and any of them answers for all.
"""

from __future__ import annotations

import contextlib
import os
from bisect import bisect_left
from collections import Counter as Counted
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from newsapp.ops.alarms import Raised
    from newsapp.ops.figures import Figures

REFUSED = Counter("newsapp_events_refused_total", "Events refused at the door, never received.", ["reason"])
SPILLED = Counter("newsapp_events_spilled_total", "Events that went to the spill, answered 204.", ["cause"])
UNSTORED = Counter("newsapp_events_unstored_total", "Events that were answered 503: not stored, or nobody can say.", ["cause"])
CRAWLS_LOST = Counter("newsapp_crawls_lost_total", "Crawlers' fetches in no books: too many waited, or Redis did not answer.")
REQUEST_SECONDS = Histogram(
    "newsapp_request_seconds", "Seconds in the site for a request.", ["part"],
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0),
)  # fmt: skip


class Gathered:
    """Observations of a histogram, told to it once a second: a request pays 0.1 µs for its own, where the file that processes share costs 5.

    Its buckets are added to by hand, since the library takes one observation at a time.
    """

    def __init__(self, histogram: Histogram) -> None:
        self.histogram = histogram
        self.waiting: deque[float] = deque()

    def observe(self, seconds: float) -> None:
        self.waiting.append(seconds)

    def tell(self) -> None:
        """Add all that waits. Only one thread may."""
        seconds = [self.waiting.popleft() for _ in range(len(self.waiting))]
        for place, number in Counted(bisect_left(self.histogram._upper_bounds, each) for each in seconds).items():
            self.histogram._buckets[place].inc(number)
        self.histogram._sum.inc(sum(seconds))


PAGE_CACHE = {
    "processes": Gauge("newsapp_page_cache_processes", "Web processes that keep pages.", multiprocess_mode="livesum"),
    "pages": Gauge("newsapp_page_cache_pages", "Pages kept in web processes.", multiprocess_mode="livesum"),
    "bytes": Gauge("newsapp_page_cache_bytes", "Bytes of pages kept in web processes.", multiprocess_mode="livesum"),
}
SEVERITY = {"warn": 1, "bad": 2}

Samples = Iterable[tuple[tuple[str, ...], float]]


class Collected(Collector):
    """The board's figures, as Prometheus collects them. What cannot be known now is left out: a zero would be a lie."""

    def __init__(self, figures: Figures, raised: Iterable[Raised], names: Iterable[str], version: str) -> None:
        self.figures, self.version = figures, version
        self.alarms: dict[str, int] = {**dict.fromkeys(names, 0), **{each.alarm.name: SEVERITY[each.tone] for each in raised}}

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self.of_events()
        yield from self.of_work()
        yield from self.of_time()
        yield from self.of_stores()

    def of_events(self) -> Iterator[Metric]:
        books, signals, inbox = self.figures.books, self.figures.signals, self.figures.inbox
        if books:
            yield counter("newsapp_events_received_total", "Events received, ever.", [((), books["received"])])
            yield counter("newsapp_events_counted_total", "Events that count as views.", [((), books["counted"])])
            yield counter("newsapp_events_filtered_total", "Events that do not count.", by_name(books["filtered"]), "reason")
            yield gauge("newsapp_balance", "Received, less counted, filtered and waiting; 0 when all are accounted for.", [((), books["balance"])])
        if signals:
            yield counter("newsapp_signals_received_total", "Signals received, ever: engagement and crawlers' fetches.", [((), signals["received"])])
            yield counter("newsapp_signals_counted_total", "Signals that count.", [((), signals["counted"])])
            yield counter("newsapp_signals_filtered_total", "Signals booked under a reason.", by_name(signals["filtered"]), "reason")
            yield gauge("newsapp_signals_balance", "The same of signals as newsapp_balance of views.", [((), signals["balance"])])
        if self.figures.held is not None:
            yield gauge("newsapp_views_held", "Views that editors may release.", [((), self.figures.held)])
        yield gauge("newsapp_kept_hours", "Hours of which events are kept.", [((), self.figures.kept_hours)])
        if self.figures.recount_off is not None:
            yield gauge("newsapp_recount_off", "Views by which hours counted again in 8 days differ.", [((), self.figures.recount_off)])
        if inbox:
            yield gauge("newsapp_inbox_entries", "Entries waiting in the inbox.", [((), inbox.waiting)])
            yield gauge("newsapp_inbox_oldest_seconds", "Age of the oldest waiting entry.", [((), inbox.oldest)])
        yield gauge("newsapp_spill_bytes", "Bytes in spill files.", [((), self.figures.spill.size)])
        yield gauge("newsapp_spill_oldest_seconds", "Age of the oldest event in spill files that is not counted.", [((), self.figures.spill.oldest)])
        stands = [((stand.step, stand.cause), stand.processes) for stand in self.figures.stands]
        yield gauge("newsapp_overload_step", "Web processes on each step of the ladder: inbox, spill, refused.", stands, "step", "cause")

    def of_work(self) -> Iterator[Metric]:
        yield gauge("newsapp_redis_up", "1 while Redis answers.", [((), int(self.figures.redis is not None))])
        if self.figures.redis:
            ages = [((age.scope, age.window), age.seconds) for age in self.figures.lists]
            yield gauge("newsapp_list_age_seconds", "Age of each published list.", ages, "scope", "window")
            yield from self.of_queues()

    def of_queues(self) -> Iterator[Metric]:
        queues, workers = self.figures.queues, self.figures.workers
        yield gauge("newsapp_queue_depth", "Jobs waiting.", [((line.name,), line.waiting) for line in queues], "queue")
        yield gauge("newsapp_queue_oldest_seconds", "Age of the oldest waiting job.", [((line.name,), line.oldest) for line in queues], "queue")
        yield gauge("newsapp_queue_jobs_per_minute", "Jobs done in the last full minute.", [((line.name,), line.rate) for line in queues], "queue")
        yield gauge("newsapp_queue_workers", "Worker processes that take its jobs.", [((line.name,), line.workers) for line in queues], "queue")
        yield gauge("newsapp_jobs_failed", "Failed jobs that are kept.", [((line.name,), line.failed) for line in queues], "queue")
        yield gauge("newsapp_workers", "Worker processes that are heard.", [((), len(workers))])
        yield gauge("newsapp_workers_memory_bytes", "Memory of all workers.", [((), sum(worker.memory for worker in workers))])
        oldest = max((worker.heard for worker in workers), default=0.0)
        yield gauge("newsapp_worker_heard_seconds", "Seconds since the worker that is silent for longest was heard.", [((), oldest)])
        times = [
            ((each.queue, each.job, quantile), value)
            for each in self.figures.times
            for quantile, value in (("0.5", each.median), ("0.95", each.high))
        ]
        yield gauge("newsapp_job_seconds", "Seconds that the latest runs of a job took.", times, "queue", "job", "quantile")

    def of_time(self) -> Iterator[Metric]:
        turns = self.figures.turns
        yield gauge("newsapp_schedule_age_seconds", "Seconds since a job of the schedule began.", [((turn.job,), turn.ago) for turn in turns], "job")
        yield gauge("newsapp_schedule_late", "1 for a job of the schedule that is late.", [((turn.job,), int(turn.late)) for turn in turns], "job")
        yield gauge("newsapp_turn_late_seconds", "Seconds that the oldest embargo or end is late.", [((), self.figures.turn_late)])
        yield gauge("newsapp_changes_untold_seconds", "Age of the oldest change that is saved and not told.", [((), self.figures.untold)])
        yield gauge("newsapp_alert_unsent_seconds", "Age of the oldest alert that nobody took.", [((), self.figures.alerts_wait)])
        yield gauge("newsapp_alarm", "Each alarm of the board: 0 closed, 1 to watch, 2 to act on.", by_name(self.alarms), "alarm")
        yield gauge("newsapp_build_info", "1, with the version.", [((self.version,), 1)], "version")

    def of_stores(self) -> Iterator[Metric]:
        yield gauge("newsapp_database_bytes", "Bytes of the database on disk.", [((), self.figures.database_size)])
        found = self.figures.redis
        if found:
            yield gauge("newsapp_redis_used_bytes", "Memory that Redis uses.", [((), found.used)])
            yield gauge("newsapp_redis_limit_bytes", "Its maxmemory; 0 without one.", [((), found.limit)])
            yield gauge(
                "newsapp_redis_persists",
                "1 while it appends to disk and its last write was taken.",
                [((), int(found.persists and found.last_write_ok))],
            )
            yield gauge("newsapp_redis_clients", "Connections to Redis.", [((), found.clients)])
            yield counter("newsapp_redis_evicted_total", "Keys that Redis threw away.", [((), found.evicted)])
            sizes = [((copy.name,), copy.size) for copy in self.figures.copies]
            yield gauge("newsapp_copy_bytes", "Bytes of each copy in Redis; 0 where it is missing.", sizes, "copy")


def by_name(numbers: dict[str, int]) -> Samples:
    return [((name,), number) for name, number in numbers.items()]


def counter(name: str, text: str, samples: Samples, *labels: str) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def gauge(name: str, text: str, samples: Samples, *labels: str) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def exposition(figures: Figures) -> bytes:
    """The text of /metrics."""
    from newsapp import __version__
    from newsapp.ops.alarms import BY_NAME, alarms  # they stand above what counts events here

    registry = CollectorRegistry()
    registry.register(Collected(figures, alarms(figures), BY_NAME, __version__))
    return generate_latest(own_counters()) + generate_latest(registry)


def own_counters() -> CollectorRegistry:
    """What the processes counted themselves: all of them where they share a folder, else this one."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    forget_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def tell_page_cache(pages: int, size: int) -> None:
    """What this web process keeps."""
    for name, value in (("processes", 1), ("pages", pages), ("bytes", size)):
        PAGE_CACHE[name].set(value)


def page_cache_values() -> dict[str, float]:
    """What the web processes of this machine keep together."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        forget_dead(Path(folder))
        families = MultiProcessCollector.merge(map(str, Path(folder).glob("gauge_livesum_*.db")))  # type: ignore[no-untyped-call]
    else:
        families = [family for metric in PAGE_CACHE.values() for family in metric.collect()]
    values = {sample.name: sample.value for family in families for sample in family.samples}
    return {name: values.get(f"newsapp_page_cache_{name}", 0.0) for name in PAGE_CACHE}


def forget_dead(folder: Path) -> None:
    """A process that was killed keeps no pages."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):
                mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except (PermissionError, ValueError):
            continue
