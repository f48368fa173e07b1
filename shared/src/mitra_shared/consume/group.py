"""What a service declares of its consumer group."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from faststream.redis import RedisBroker

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Partition
from mitra_shared.log.unit_of_work import UnitOfWork

Forget = Callable[[UnitOfWork, Topic, Partition], Awaitable[None]]
"""Deletes all that the service derived from one topic's partition, inside the given transaction."""


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A group: its name, the broker its handlers are declared on, what it reads, and how it forgets."""

    name: str
    broker: RedisBroker
    topics: tuple[Topic, ...]
    forget: Forget
