"""Prometheus metrics of a process: one registry, served at /metrics by `http.probes`.

A process makes one `ProcessMetrics` and hands its parts to whoever counts. Labels are route templates,
topics, partitions, groups and states: never an area below the constituency, never a person or a caller.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

LATENCIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class HttpMetrics(Collector):
    """Requests by method, route template and status.

    Counted in plain numbers and turned into metrics when they are asked for: a request costs about one
    microsecond here, and four with the client's own counters. Only the event loop's thread counts.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
        registry.register(self)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is a template (`/v1/mitras/{mitra_id}`), so that there are few."""
        counted = self._requests
        key = (method, route, status)
        counted[key] = counted.get(key, 0) + 1
        measured = self._seconds.get((method, route))
        if measured is None:
            measured = self._seconds[method, route] = ([0] * (len(LATENCIES) + 1), [0.0])
        measured[0][bisect_left(LATENCIES, seconds)] += 1
        measured[1][0] += seconds

    def collect(self) -> Iterator[Metric]:
        """What Prometheus is given."""
        requests = CounterMetricFamily(
            "mitra_http_requests", "Requests answered", labels=("method", "route", "status")
        )
        for (method, route, status), count in self._requests.items():
            requests.add_metric((method, route, str(status)), count)
        yield requests
        seconds = HistogramMetricFamily(
            "mitra_http_request_seconds", "From the head of a request to the end of its answer",
            labels=("method", "route"),
        )  # fmt: skip
        for labels, (counts, total) in self._seconds.items():
            bounds = [*map(floatToGoString, LATENCIES), "+Inf"]
            seconds.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total[0])
        yield seconds


class CommitMetrics:
    """Group commit of the intake."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.size = Histogram(
            "mitra_group_commit_size", "Requests in one transaction", buckets=SIZES, registry=registry
        )
        self.seconds = Histogram(
            "mitra_group_commit_seconds",
            "Duration of a group's transaction",
            buckets=LATENCIES,
            registry=registry,
        )
        self.waiting = Gauge("mitra_group_commit_waiting", "Requests waiting for a group", registry=registry)
        self.retries = Counter("mitra_group_commit_retries", "Groups tried again", registry=registry)


class LogMetrics:
    """The log in the database and the stream that carries it, per topic and partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        place = ("topic", "partition")
        self.head = Gauge("mitra_log_head_position", "Last position in the log", place, registry=registry)
        self.floor = Gauge(
            "mitra_log_floor_position", "Positions up to here are trimmed", place, registry=registry
        )
        self.epoch = Gauge("mitra_log_epoch", "Epoch of the log", place, registry=registry)
        self.stream_end = Gauge(
            "mitra_stream_end_position", "Last position in the Redis stream", place, registry=registry
        )


class ConsumerMetrics:
    """Progress of consumer groups."""

    def __init__(self, registry: CollectorRegistry) -> None:
        place = ("group", "topic", "partition")
        self.position = Gauge("mitra_consumer_position", "Last position committed", place, registry=registry)
        self.lag_events = Gauge(
            "mitra_consumer_lag_events", "Events between position and stream end", place, registry=registry
        )
        self.lag_seconds = Gauge(
            "mitra_consumer_lag_seconds", "Age of the oldest event not yet applied, 0 if none", place,
            registry=registry,
        )  # fmt: skip
        self.leases = Gauge(
            "mitra_consumer_leases", "Partitions this process holds", ("group",), registry=registry
        )
        self.dead_letters = Gauge(
            "mitra_dead_letters", "Dead letters that are open", ("group", "state"), registry=registry
        )


@dataclass(frozen=True, slots=True)
class ProcessMetrics:
    """All metrics of one process, in one registry."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    http: HttpMetrics = field(init=False)
    commits: CommitMetrics = field(init=False)
    log: LogMetrics = field(init=False)
    consumers: ConsumerMetrics = field(init=False)

    def __post_init__(self) -> None:
        """Register everything, with memory, CPU and open files of the process."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        for name, kind in (
            ("http", HttpMetrics),
            ("commits", CommitMetrics),
            ("log", LogMetrics),
            ("consumers", ConsumerMetrics),
        ):
            object.__setattr__(self, name, kind(self.registry))
