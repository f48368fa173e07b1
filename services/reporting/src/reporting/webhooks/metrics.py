"""Prometheus metrics of the webhooks process. No endpoint by name: its label would outlive it."""

from collections import Counter as Tally
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mitra_shared.telemetry.metrics import LATENCIES
from reporting.domain.webhooks import Outcome, state_of
from reporting.storage.webhooks import Webhook

DELIVERED, FAILED = "delivered", "failed"
STATES: Final = ("active", "failing", "paused", "disabled")


class WebhookMetrics:
    """What was attempted, and how the endpoints stand."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "mitra_webhook_attempts", "Attempts to deliver a message", ("outcome",), registry=registry
        )
        for outcome in (DELIVERED, FAILED):
            self._attempts.labels(outcome)
        self._seconds = Histogram(
            "mitra_webhook_attempt_seconds",
            "From the lookup of the receiver's name to its status",
            buckets=LATENCIES,
            registry=registry,
        )
        self._endpoints = Gauge("mitra_webhooks", "Endpoints by state", ("state",), registry=registry)
        self._failing = Gauge(
            "mitra_webhook_failing_seconds",
            "Since the first failure of the endpoint that has failed for longest; 0: none fails",
            registry=registry,
        )

    def count(self, outcome: Outcome) -> None:
        """One attempt has ended."""
        self._attempts.labels(DELIVERED if outcome.delivered else FAILED).inc()
        self._seconds.observe(outcome.seconds)

    def see(self, webhooks: Iterable[Webhook], now: datetime) -> None:
        """These are the endpoints."""
        states: Tally[str] = Tally()
        longest = 0.0
        for webhook in webhooks:
            state = state_of(webhook.standing, paused=webhook.paused)
            states[state] += 1
            if state == "failing" and webhook.standing.failing_since is not None:
                longest = max(longest, (now - webhook.standing.failing_since).total_seconds())
        for state in STATES:
            self._endpoints.labels(state).set(states[state])
        self._failing.set(longest)
