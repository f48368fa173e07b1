"""Replay: what the consumers have applied, read from the producers' logs again and counted beside.

It follows the consumers, never further than they are: whether an event was put away is known only behind
them. Pages of several logs are read at a time; no more than those are in memory.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.consume.positions import START, Source, Standing
from mitra_shared.consume.replay import Counting, Diverged, LogClient, LogUnreachable, Told
from mitra_shared.contracts.codec import UnreadableEvent, decode
from mitra_shared.contracts.event import Event
from mitra_shared.database import retrying
from mitra_shared.ids import Partition, Position
from reporting.domain.counting import CountedEvent, difference
from reporting.storage.applied import Applied, played_letters
from reporting.storage.replayed import forget_beside, write_beside

PAGE: Final = 4_000
"""Events read at a time."""
AT_ONCE: Final = 4
"""Logs read at a time: while one page is counted, others are on their way."""
ATTEMPTS: Final = 8
"""At a log that does not answer: about six seconds."""
BEGUN_AGAIN: Final = 5
"""How often a partition may begin again under our hands."""

Progress = Callable[[int, int], None]
"""Takes how many events are counted, and how many there are."""


class LostBranch(Exception):
    """The live rollups stand on a branch of a log that no longer exists, or keep beginning again."""


class CannotCount(Exception):
    """The live rollups include an event that this version of the service cannot read."""


class Replay:
    """The rollups counted beside, and how far they are.

    Attributes:
        standings: the last event counted of each log's partition.
        left_out: events on the way that the consumers have put away.
        restarts: the newest restart of each partition that is replayed here.
    """

    def __init__(
        self, beside: AsyncConnection, logs: LogClient, partitions: Collection[Partition], progress: Progress
    ) -> None:
        self.standings: dict[Source, Standing] = {}
        self.left_out: dict[Source, set[Position]] = {}
        self.restarts: dict[Partition, int] = {}
        self._beside = beside
        self._logs = logs
        self._partitions = partitions
        self._progress = progress
        self._writing = asyncio.Lock()
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._begun_again: Counter[Partition] = Counter()
        self._total = 0

    @property
    def events(self) -> int:
        """How many events are counted, or were left out."""
        return sum(standing.position for standing in self.standings.values())

    @asynccontextmanager
    async def undone_on_error(self) -> AsyncIterator[None]:
        """For a transaction around `follow`: if it comes to nothing, so does what was counted in it."""
        before = (
            dict(self.standings),
            {s: set(left) for s, left in self.left_out.items()},
            dict(self.restarts),
        )
        try:
            yield
        except BaseException:
            self.standings, self.left_out, self.restarts = before
            raise

    async def follow(self, applied: Applied) -> None:
        """Count what the consumers applied beyond what is counted here.

        Raises:
            LostBranch, CannotCount: it cannot be counted.
            LogUnreachable: a producer does not answer.
            sqlalchemy.exc.DBAPIError: the database is away.
        """
        for partition in self._partitions:
            if applied.restarts.get(partition) != self.restarts.get(partition) or any(
                standing.position < self._at(source).position
                for source, standing in applied.standings.items()
                if source.partition == partition
            ):
                await self._begin_again(partition, applied)
        self._total = sum(standing.position for standing in applied.standings.values())
        self._progress(self.events, self._total)
        try:
            async with asyncio.TaskGroup() as tasks:
                for source, standing in applied.standings.items():
                    tasks.create_task(self._follow(source, standing, applied.put_away.get(source, set())))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    def _at(self, source: Source) -> Standing:
        return self.standings.get(source, START)

    async def _begin_again(self, partition: Partition, applied: Applied) -> None:
        begun = [source for source in self.standings if source.partition == partition]
        if begun:
            await self._forget(begun)
        if partition in applied.restarts:
            self.restarts[partition] = applied.restarts[partition]

    async def _forget(self, sources: Collection[Source]) -> None:
        (partition,) = {source.partition for source in sources}
        self._begun_again[partition] += 1
        if self._begun_again[partition] > BEGUN_AGAIN:
            raise LostBranch(
                f"partition {partition} keeps beginning again; try again once its consumers have settled"
            )
        async with self._written():
            await forget_beside(self._beside, [source.topic for source in sources], partition)
        for source in sources:
            self.standings[source] = START
            self.left_out[source] = set()

    async def _follow(self, source: Source, target: Standing, put_away: Collection[Position]) -> None:
        await self._play_letters(source, put_away)
        while (at := self._at(source)).position < target.position:
            async with self._reading:
                try:
                    page = await self._page(source, at, min(PAGE, target.position - at.position))
                except Diverged:
                    await self._forget([source])
                    continue
                if not page.entries:
                    raise LostBranch(
                        f"{_stands(source, target)}, where its log ends at {page.head}. {_SETTLE}"
                    )
                await self._count(source, page.entries, put_away)
                self.standings[source] = page.reached
                self._progress(self.events, self._total)
        at = self._at(source)
        if at.epoch != target.epoch or target.event_id not in {None, at.event_id}:
            raise LostBranch(f"{_stands(source, target)}, where its log has another event. {_SETTLE}")

    async def _page(self, source: Source, at: Standing, limit: int) -> Counting:
        return await retrying(
            lambda: self._logs.events_after(source, at, limit),
            attempts=ATTEMPTS,
            again=lambda error: isinstance(error, LogUnreachable),
        )

    async def _count(self, source: Source, entries: Collection[Told], put_away: Collection[Position]) -> None:
        counted: list[tuple[Partition, CountedEvent]] = []
        for entry in entries:
            if entry.position in put_away:
                self.left_out.setdefault(source, set()).add(entry.position)
            elif isinstance(entry.event, UnreadableEvent):
                at = f"entry {entry.epoch}-{entry.position} of {source.stream}"
                raise CannotCount(
                    f"{at} is included in the live figures, but this version cannot read it: {entry.event}"
                )
            else:
                counted.append((source.partition, cast("CountedEvent", entry.event)))
        await self._write(source, counted)

    async def _play_letters(self, source: Source, put_away: Collection[Position]) -> None:
        """Events that were left out and have been played since."""
        played = self.left_out.get(source, set()) - set(put_away)
        if not played:
            return
        payloads = await self._payloads(source, played)
        events: list[Event] = [decode(source.topic, payload) for payload in payloads.values()]
        await self._write(source, [(source.partition, cast("CountedEvent", event)) for event in events])
        self.left_out[source] -= played

    async def _payloads(self, source: Source, played: Collection[Position]) -> dict[Position, str]:
        async with self._written():
            return await played_letters(self._beside, source, played)

    async def _write(self, source: Source, counted: Collection[tuple[Partition, CountedEvent]]) -> None:
        change = difference(counted)
        async with self._written():
            await write_beside(self._beside, source.topic, change)

    @asynccontextmanager
    async def _written(self) -> AsyncIterator[None]:
        """A transaction of the session, one at a time; the caller's, if one is open."""
        async with self._writing:
            if self._beside.in_transaction():
                yield
                return
            async with self._beside.begin():
                yield


_SETTLE: Final = (
    "Its consumer begins that partition again by itself: try again once it has"
    " (docs/operations.md, 'A database was restored')"
)


def _stands(source: Source, standing: Standing) -> str:
    return f"reporting stands at {standing.stream_id} of {source.stream}"
