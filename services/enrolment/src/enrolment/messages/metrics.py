"""Prometheus metrics of the messages process: kinds and counts, never a person."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from enrolment.domain.broadcasts import Held
from enrolment.messages.kinds import MessageKind
from enrolment.storage.messages import OutboxStanding

OUTCOMES: Final = ("sent", "again", "failed", "dropped")


class MessageMetrics:
    """What was attempted, and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "mitra_message_attempts",
            "Messages to people, by what came of an attempt",
            ("kind", "outcome"),
            registry=registry,
        )
        for kind in MessageKind:
            for outcome in OUTCOMES:
                self._attempts.labels(kind.value, outcome)
        self._messages = Gauge("mitra_messages", "Messages by state", ("state",), registry=registry)
        self._oldest = Gauge(
            "mitra_message_waiting_seconds",
            "For how long the message that is due for longest has waited; 0: none is due",
            registry=registry,
        )

        self._in_bulk = Gauge(
            "mitra_broadcast_messages_waiting",
            "Messages of broadcasts that are neither sent nor given up",
            registry=registry,
        )
        self._held = Gauge(
            "mitra_broadcasts_held",
            "Campaigns whose broadcasts are held at the moment, by why",
            ("why",),
            registry=registry,
        )
        for why in Held:
            self._held.labels(why.value)

    def count(self, kind: MessageKind, outcome: str) -> None:
        """One attempt has ended."""
        self._attempts.labels(kind.value, outcome).inc()

    def see(self, standing: OutboxStanding, now: datetime) -> None:
        """The outbox is like this."""
        for state, number in (
            ("due", standing.due),
            ("later", standing.later),
            ("failed", standing.failed),
        ):
            self._messages.labels(state).set(number)
        waiting = 0.0 if standing.oldest is None else (now - standing.oldest).total_seconds()
        self._oldest.set(max(0.0, waiting))
        self._in_bulk.set(standing.in_bulk)

    def see_held(self, held: Collection[Held]) -> None:
        """The broadcasts of so many campaigns are held, each for one reason."""
        for why in Held:
            self._held.labels(why.value).set(sum(each is why for each in held))
