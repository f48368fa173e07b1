"""The mirror: all rollups in memory, kept fresh from the database; API answers and feeds are made from it.

It follows commits by their version (NOTIFY, with a poll as the fallback) and reads only what changed, in one
snapshot, so counts, positions and version always belong together.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.ids import AreaCode, CampaignId, Partition
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.wakeup import Wakeup
from reporting.domain.board import Beside, Board, Contacted, Leaf, OpenRound
from reporting.domain.cells import ContactCounts
from reporting.storage.changes import BEFORE_ALL, Changes, Known, Reached, read_changes
from reporting.storage.version import CHANNEL

log = get_logger(__name__)

Positions = Mapping[tuple[str, Partition], Reached]

POLL_SECONDS: Final = 1.0
"""How old the mirror gets when notifications are lost."""
BETWEEN_REFRESHES: Final = 0.02
"""Seconds from the start of one refresh to the next while commits keep coming; the first is at once."""
LONGEST_REST: Final = 0.1
"""Seconds at most; a refresh that brought much is followed by a rest twice as long as it took."""


class Mirror:
    """All campaigns as of one snapshot.

    Attributes:
        boards: by campaign; a campaign is here once its definition is known.
        version: newest commit included; `BEFORE_ALL` before the first refresh.
        is_same_incarnation: whether the database is known not to have been put back since.
        positions: what is included of each topic's partition.
        as_of: database time of the snapshot.
        turn: counts refreshes that found something new.
        trouble: why the last refresh failed; None while all is well.
        closed: whether it is no longer kept fresh; whoever waits for it is woken.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.boards: dict[CampaignId, Board] = {}
        self.version = BEFORE_ALL
        self.is_same_incarnation = True
        self.positions: Positions = MappingProxyType({})
        self.as_of = datetime.fromtimestamp(0, UTC)
        self.turn = 0
        self.trouble: str | None = "not read yet"
        self.closed = False
        self._engine = engine
        self._leaves: dict[tuple[Partition, CampaignId, AreaCode], Leaf] = {}
        self._besides: dict[tuple[Partition, CampaignId, AreaCode], Beside] = {}
        self._contacts: dict[tuple[Partition, CampaignId, AreaCode, str], Contacted] = {}
        self._opened: dict[CampaignId, OpenRound] = {}
        self._moved = asyncio.Event()

    async def refresh(self) -> bool:
        """Read what changed. Returns whether anything did.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away; the mirror stays as it was.
        """
        changes = await read_changes(self._engine, self.version)
        if changes.version < self.version:
            log.warning(
                "the database went back: reading all of it", version=changes.version, stood=self.version
            )
            changes = await read_changes(self._engine, BEFORE_ALL)
            self._forget()
        elif changes.whole_since > self.version:
            self._forget()
        moved = changes.version != self.version or changes.positions != self.positions
        self._take(changes)
        self.trouble = None
        if moved:
            self.wake()
        return moved

    def _forget(self) -> None:
        self.boards, self._leaves, self._besides, self._contacts, self._opened = {}, {}, {}, {}, {}

    def wake(self) -> None:
        """Have whoever waits look again."""
        self.turn += 1
        self._moved.set()
        self._moved = asyncio.Event()

    def _take(self, changes: Changes) -> None:
        fresh = self._fresh(changes)
        for partition, leaf in changes.leaves:
            key = (partition, leaf.campaign, leaf.area)
            before = self._leaves.get(key)
            self._leaves[key] = leaf
            board = self.boards.get(leaf.campaign)
            if board is not None and leaf.campaign not in fresh:
                board.add(
                    leaf.area, leaf.counts.minus(before.counts) if before else leaf.counts, leaf.version
                )
        for partition, beside in changes.besides:
            key = (partition, beside.campaign, beside.area)
            had = self._besides.get(key)
            self._besides[key] = beside
            board = self.boards.get(beside.campaign)
            if board is not None and beside.campaign not in fresh:
                board.add_places(beside.area, beside.places - (had.places if had else 0), beside.version)
        for partition, contacted in changes.contacts:
            in_round = (partition, contacted.campaign, contacted.area, contacted.round)
            counted = self._contacts.get(in_round)
            self._contacts[in_round] = contacted
            board = self.boards.get(contacted.campaign)
            if board is not None and contacted.campaign not in fresh:
                more = contacted.counts.minus(counted.counts if counted else ContactCounts())
                board.add_contacts(contacted.area, contacted.round, more, contacted.version)
        for campaign, known in fresh.items():
            self.boards[campaign] = self._board(campaign, known, changes.whole_since)
        self.is_same_incarnation = changes.is_same_incarnation
        self.version, self.as_of = changes.version, changes.as_of
        self.positions = MappingProxyType(changes.positions)

    def _fresh(self, changes: Changes) -> dict[CampaignId, Known]:
        """The campaigns of which every area may look otherwise now: their boards are made anew."""
        fresh: dict[CampaignId, Known] = {}
        for known in changes.definitions:
            board = self.boards.get(known.definition.id)
            if board is None or known.definition.supersedes(board.definition):
                fresh[known.definition.id] = known
        for opened in changes.opened:
            self._opened[opened.campaign] = opened
            board = self.boards.get(opened.campaign)
            if board is not None:
                # Every area shows another round from now on, as with a new definition.
                fresh.setdefault(opened.campaign, Known(board.definition, board.defined_at))
        return fresh

    def _board(self, campaign: CampaignId, known: Known, whole_since: int) -> Board:
        opened = self._opened.get(campaign, OpenRound(campaign, None, BEFORE_ALL))
        return Board(
            known.definition,
            max(known.version, opened.version, whole_since),
            (leaf for leaf in self._leaves.values() if leaf.campaign == campaign),
            (beside for beside in self._besides.values() if beside.campaign == campaign),
            (contacted for contacted in self._contacts.values() if contacted.campaign == campaign),
            opened.round,
        )

    async def moved(self, seconds: float, since_turn: int) -> bool:
        """Wait until the mirror has moved beyond `since_turn`, at most `seconds`. Returns whether it has."""
        if self.turn <= since_turn:
            try:
                async with asyncio.timeout(seconds):
                    await self._moved.wait()
            except TimeoutError:
                return self.turn > since_turn
        return True

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Keep it fresh until shutdown; while the database is away it stays as it was, and says so."""
        clock = asyncio.get_running_loop().time
        failures = 0
        async with Wakeup(self._engine, CHANNEL) as wakeup:
            while not shutdown.requested:
                began = clock()
                try:
                    moved = await self.refresh()
                    failures = 0
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    self.trouble = "the database cannot be reached"
                    log.warning("mirror cannot be refreshed", error=type(error).__name__)
                    await shutdown.sleep(backoff(failures))
                    failures += 1
                    continue
                if moved:
                    spent = clock() - began
                    await asyncio.sleep(max(BETWEEN_REFRESHES - spent, min(2 * spent, LONGEST_REST)))
                await wakeup.wait(POLL_SECONDS, shutdown)
        self.close()

    def close(self) -> None:
        """Say that nothing comes any more, and wake whoever waits."""
        self.closed = True
        self.wake()
