"""Rounds of a rebuild: follow the consumers, compare in one snapshot, put right; until nothing differs.

Nothing waits for it but, for a moment, the consumers, and nothing that is read is ever lower meanwhile. Each
round either changes everything it found or nothing; killed at any moment, it leaves nothing behind.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog import get_logger

from mitra_shared.consume.replay import LogClient
from mitra_shared.contracts.topics import all_partitions
from mitra_shared.database import retrying
from mitra_shared.ids import Partition
from reporting.rebuilding.replay import Progress, Replay
from reporting.storage.applied import (
    Applied,
    Overdrawn,
    hold_snapshot,
    overdrawn,
    read_applied,
    read_restarts,
)
from reporting.storage.differing import Cell, Found, compare
from reporting.storage.mending import begin_mending, mend
from reporting.storage.replayed import begin_beside, is_alone

log = get_logger(__name__)

ROUNDS: Final = 5
"""What still differs then is not ours to put right: somebody goes on changing it."""
FOLLOWED: Final = 5
"""How often the consumers are followed before a snapshot is held, so that it is held for a short time."""
NEAR: Final = 2_000
"""Events that may be left to read while it is held."""


class Refused(Exception):
    """It cannot be done now; nothing was changed but what is told."""


@dataclass
class Outcome:
    """What a rebuild found and did.

    Attributes:
        events: counted again, or left out as the consumers had.
        figures: how many figures were not what the logs give, by table.
        cells: some of them.
        overdrawn: answers of which more was released than the logs hold.
    """

    events: int = 0
    figures: dict[str, int] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    overdrawn: list[Overdrawn] = field(default_factory=list)

    def add(self, found: Found) -> None:
        """What another round found."""
        for table, count in found.figures.items():
            self.figures[table] = self.figures.get(table, 0) + count
        self.cells += found.cells


async def verify(
    engine: AsyncEngine, logs: LogClient, partitions: Collection[Partition], progress: Progress
) -> Outcome:
    """Whether the live rollups are what the logs give; changes nothing.

    Raises:
        Refused: reporting has never consumed anything.
        replay.LostBranch, replay.CannotCount, LogUnreachable: it cannot be said.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with _session(engine) as beside:
        rounds = await _begin(beside, logs, partitions, progress)
        outcome = Outcome()
        outcome.add(await rounds.compared(outcome))
        return outcome


async def rebuild(
    engine: AsyncEngine, logs: LogClient, partitions: Collection[Partition], progress: Progress
) -> Outcome:
    """Make the live rollups what the logs give, and prove it by another comparison.

    Raises:
        Refused: another rebuild runs, nothing was ever consumed, or figures go on differing.
        replay.LostBranch, replay.CannotCount, LogUnreachable: it cannot be counted.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with _session(engine) as beside:
        async with beside.begin():
            if not await is_alone(beside):
                raise Refused("another rebuild of reporting runs; it was left alone")
        rounds = await _begin(beside, logs, partitions, progress)
        outcome = Outcome()
        for _ in range(ROUNDS):
            found = await rounds.compared(outcome)
            if not found.figures:
                return outcome
            if await rounds.mended(found):
                outcome.add(found)
        raise Refused(f"figures go on differing after {ROUNDS} rounds: {outcome.figures}; who changes them?")


@asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A session that ends here, with all that it holds: it is not left to the pool."""
    async with engine.connect() as beside:
        try:
            yield beside
        finally:
            await beside.invalidate()


async def _begin(
    beside: AsyncConnection, logs: LogClient, partitions: Collection[Partition], progress: Progress
) -> "_Rounds":
    async with beside.begin():
        applied = await read_applied(beside, partitions)
        if not applied.standings:
            raise Refused("reporting has never consumed anything: there is nothing to rebuild")
        await begin_beside(beside)
    return _Rounds(beside, Replay(beside, logs, partitions, progress), partitions)


@dataclass
class _Rounds:
    beside: AsyncConnection
    replay: Replay
    partitions: Collection[Partition]
    compared_at: Applied | None = None

    async def compared(self, outcome: Outcome) -> Found:
        """Follow the consumers and compare, as of one instant at which both are equally far."""
        for _ in range(FOLLOWED):
            async with self.beside.begin():
                await hold_snapshot(self.beside)
                applied = await read_applied(self.beside, self.partitions)
            left = sum(standing.position for standing in applied.standings.values()) - self.replay.events
            if 0 <= left <= NEAR:
                break
            await self.replay.follow(applied)
        async with self.replay.undone_on_error(), self.beside.begin():
            await hold_snapshot(self.beside)
            self.compared_at = await read_applied(self.beside, self.partitions)
            await self.replay.follow(self.compared_at)
            outcome.events = self.replay.events
            found = await compare(self.beside, None if self._is_whole else self.partitions)
            if self._is_whole and not self.compared_at.restarts:
                outcome.overdrawn = await overdrawn(self.beside)
        log.info("compared with the logs", events=outcome.events, differing=found.figures)
        return found

    @property
    def _is_whole(self) -> bool:
        return set(self.partitions) == set(all_partitions())

    async def mended(self, found: Found) -> bool:
        """Put right what was found. Returns whether it was: not if a partition has begun again since."""
        return await retrying(lambda: self._mend(found), attempts=8)

    async def _mend(self, found: Found) -> bool:
        assert self.compared_at is not None  # noqa: S101 - compared before mended
        async with self.beside.begin():
            version = await begin_mending(self.beside, found)
            if await read_restarts(self.beside, self.partitions) != self.compared_at.restarts:
                return False
            await mend(self.beside, found, version)
        return True
