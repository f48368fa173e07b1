"""What a service declares of its consumer group."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from faststream.redis import RedisBroker

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import MitraId, Partition
from mitra_shared.log.unit_of_work import UnitOfWork

Forget = Callable[[UnitOfWork, Topic, Partition], Awaitable[None]]
"""Deletes all that the service derived from one topic's partition, inside the given transaction."""

Erase = Callable[[UnitOfWork, Sequence[MitraId]], Awaitable[None]]
"""Deletes all that is personal of people whose erasure a batch tells of, inside the given transaction."""


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A group: its name, the broker its handlers are declared on, what it reads, and how it forgets.

    `erase` is called once for each `MitraErasedV1`, whether or not events of that person wait behind one that
    could not be applied; handlers have nothing to do for it.
    """

    name: str
    broker: RedisBroker
    topics: tuple[Topic, ...]
    forget: Forget
    erase: Erase | None = None
