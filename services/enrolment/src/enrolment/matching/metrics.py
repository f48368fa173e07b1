"""Prometheus metrics of the matcher: counts, never a person."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from enrolment.domain.alike import Grounds


class MatcherMetrics:
    """What was examined and found, and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.examined = Counter("mitra_people_examined", "People looked at by the matcher", registry=registry)
        self.cleared = Counter("mitra_people_cleared", "People cleared by the matcher", registry=registry)
        self.behind = Gauge(
            "mitra_matcher_behind", "Entries of the log that the matcher has not read", registry=registry
        )
        self._open = Gauge(
            "mitra_likely_duplicates_open",
            "Likely duplicates that wait for a decision",
            ("evidence",),
            registry=registry,
        )

    def see(self, behind: int, pairs: Mapping[str, int]) -> None:
        """What waits is this."""
        self.behind.set(behind)
        for evidence in Grounds:
            self._open.labels(evidence.value).set(pairs.get(evidence.value, 0))
