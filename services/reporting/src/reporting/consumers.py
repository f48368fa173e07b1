"""What reporting listens to: people, opinions, certificates and custody, as differences of counts."""

from collections.abc import Sequence

from faststream.redis import RedisBroker

from mitra_shared.consume.feeding import Delivery, Feed, subscriber
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.contracts.events import CertificateLogEvent, CustodyLogEvent, EnrolmentEvent, OpinionEvent
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, Topic
from reporting.domain.counting import CountedEvent, difference
from reporting.storage.changes import GROUP
from reporting.storage.counters import add
from reporting.storage.forgetting import forget


def consumer_group(broker: RedisBroker) -> ConsumerGroup:
    """Declare what the service listens to on `broker`."""

    @subscriber(broker, ENROLMENT)
    async def on_enrolment(events: list[EnrolmentEvent], delivery: Delivery) -> None:
        """Count people, and learn campaign definitions."""
        await count(ENROLMENT, events, delivery)

    @subscriber(broker, OPINIONS)
    async def on_opinions(events: list[OpinionEvent], delivery: Delivery) -> None:
        """Count released answer sheets."""
        await count(OPINIONS, events, delivery)

    @subscriber(broker, CERTIFICATES)
    async def on_certificates(events: list[CertificateLogEvent], delivery: Delivery) -> None:
        """Count certificates by what became of them."""
        await count(CERTIFICATES, events, delivery)

    @subscriber(broker, CUSTODY)
    async def on_custody(events: list[CustodyLogEvent], delivery: Delivery) -> None:
        """Count certificates on paper, and programmes."""
        await count(CUSTODY, events, delivery)

    topics = (ENROLMENT, OPINIONS, CERTIFICATES, CUSTODY)
    return ConsumerGroup(name=GROUP, broker=broker, topics=topics, forget=forget)


async def count(topic: Topic, events: Sequence[CountedEvent], delivery: Feed) -> None:
    """Add what a batch of `topic` changes."""
    partitions = (place.partition for place in delivery.places)
    await add(delivery.unit.connection, topic, difference(zip(partitions, events, strict=True)))
