"""What Prometheus reads: counters of this process or of all, and the board's figures as gauges.

With PROMETHEUS_MULTIPROC_DIR set before the first import, processes keep their counters in files
of that folder, and any of them answers for all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from newsapp.ops.figures import Figures

REFUSED = Counter("newsapp_events_refused_total", "Events refused at the door, never received.", ["reason"])
SPILLED = Counter("newsapp_events_spilled_total", "Events that went to the spill, answered 204.", ["cause"])
UNSTORED = Counter("newsapp_events_unstored_total", "Events that were answered 503: not stored, or nobody can say.", ["cause"])
CRAWLS_LOST = Counter("newsapp_crawls_lost_total", "Crawlers' fetches in no books: too many waited, or Redis did not answer.")
REQUEST_SECONDS = Histogram(
    "newsapp_request_seconds", "Seconds in the site for a request.", ["part"],
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0),
)  # fmt: skip

Samples = Iterable[tuple[tuple[str, ...], float]]


class Collected(Collector):
    """The board's figures, as Prometheus collects them. What cannot be known now is left out: a zero would be a lie."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self.of_events()
        yield from self.of_work()

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
            waiting = {line.name: line.waiting for line in self.figures.queues}
            failed = {line.name: line.failed for line in self.figures.queues}
            yield gauge("newsapp_queue_depth", "Jobs waiting.", by_name(waiting), "queue")
            yield gauge("newsapp_jobs_failed", "Failed jobs that are kept.", by_name(failed), "queue")
            yield gauge("newsapp_workers", "Worker processes that are heard.", [((), len(self.figures.workers))])


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
    registry = CollectorRegistry()
    registry.register(Collected(figures))
    return generate_latest(own_counters()) + generate_latest(registry)


def own_counters() -> CollectorRegistry:
    """What the processes counted themselves: all of them where they share a folder, else this one."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
