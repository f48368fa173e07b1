"""Prometheus metrics of a process: one registry, served at /metrics by `http.probes`.

A process makes one `ProcessMetrics` and hands its parts to whoever counts. Labels are route templates,
topics, partitions, groups and states: never an area below the constituency, never a person or a caller.
"""

from dataclasses import dataclass, field
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

LATENCIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class HttpMetrics:
    """Requests by method, route template and status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "mitra_http_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "mitra_http_request_seconds",
            "From the first byte of a request's head to the end of the answer",
            ("method", "route"),
            buckets=LATENCIES,
            registry=registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is a template (`/v1/mitras/{mitra_id}`), so that there are few."""
        children = self._children.get((method, route, status))
        if children is None:
            children = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)


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
        self.relayed = Counter(
            "mitra_relay_events", "Events appended to streams", ("topic",), registry=registry
        )
        self.rebuilt = Counter(
            "mitra_stream_rebuilds", "Streams deleted and filled again", place, registry=registry
        )
        self.relay_seconds = Histogram(
            "mitra_relay_append_seconds", "Duration of one append script", ("topic",), buckets=LATENCIES,
            registry=registry,
        )  # fmt: skip


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
        self.lease = Gauge(
            "mitra_consumer_lease_held", "1 if this process holds it", place, registry=registry
        )
        self.applied = Counter(
            "mitra_consumer_events", "Events applied", ("group", "topic"), registry=registry
        )
        self.batch = Histogram(
            "mitra_consumer_batch_size",
            "Events in one transaction",
            ("group",),
            buckets=SIZES,
            registry=registry,
        )
        self.seconds = Histogram(
            "mitra_consumer_batch_seconds", "Duration of one transaction", ("group",), buckets=LATENCIES,
            registry=registry,
        )  # fmt: skip
        self.dead_letters = Gauge(
            "mitra_dead_letters", "Dead letters that are open", ("group", "state"), registry=registry
        )
        self.restarts = Counter(
            "mitra_consumer_restarts",
            "Returns to the stored positions after an error",
            ("group",),
            registry=registry,
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
            ("http", HttpMetrics), ("commits", CommitMetrics), ("log", LogMetrics), ("consumers", ConsumerMetrics),
        ):  # fmt: skip
            object.__setattr__(self, name, kind(self.registry))
