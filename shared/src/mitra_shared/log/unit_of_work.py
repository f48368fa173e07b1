"""The unit of work: rows and events in one transaction. Nothing else in the services commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mitra_shared.contracts.event import Event
from mitra_shared.log.append import Emitted, Place, append


class UnitOfWork:
    """An open transaction and the events it will append.

    Attributes:
        connection: for statements; never commit it.
        places: after the commit, the place of each emitted event, in the order of `emit`.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.places: list[Place] = []
        self._emitted: list[Emitted] = []

    def emit(self, event: Event, traceparent: str | None = None) -> None:
        """Append `event` to its log when the transaction commits."""
        self._emitted.append(Emitted(event, traceparent))

    async def append_emitted(self) -> None:
        """Append what was emitted, topics in the order of their names, so that locks never cross."""
        places: dict[int, Place] = {}
        for topic in sorted({e.event.topic for e in self._emitted}, key=lambda topic: topic.name):
            indices = [i for i, e in enumerate(self._emitted) if e.event.topic == topic]
            appended = await append(self.connection, topic, [self._emitted[i] for i in indices])
            places.update(zip(indices, appended, strict=True))
        self.places = [places[i] for i in range(len(self._emitted))]


@asynccontextmanager
async def unit_of_work(engine: AsyncEngine) -> AsyncIterator[UnitOfWork]:
    """Commit rows and events together on leaving without an error; otherwise nothing happened.

    Raises:
        sqlalchemy.exc.DBAPIError: also when the connection was lost at the commit: then it is unknown
            whether it happened, and the caller must recognise its own work at the next attempt.
    """
    async with engine.connect() as connection, connection.begin():
        unit = UnitOfWork(connection)
        yield unit
        await unit.append_emitted()
