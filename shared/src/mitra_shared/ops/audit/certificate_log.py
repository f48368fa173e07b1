"""The certificates log as it is, read ahead a little so that the walk finds its place after a mistake."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from uuid import UUID

from mitra_shared.ops.audit.issuing import Told
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.snapshots import Row, Snapshot

LOOK_AHEAD: Final = 200
"""Entries among which an expected one is looked for before it counts as missing."""

_ENTRIES: Final = """
    select log.position, said.campaign, said.certificate_id, log.type, log.subject, log.key,
           coalesce(said.segment, said.area), log.occurred_at, said.serial, said.previous, said.void_serial,
           said.revision, said.programme, coalesce(said.by, said.places)
    from certificates_log as log
    cross join lateral json_to_record(log.payload) as said(
        campaign text, certificate_id uuid, segment text, serial integer, previous text, area text,
        void_serial integer, revision integer, programme uuid, by integer, places integer)
    where log.partition = $1 order by log.position
"""


class Recorded(NamedTuple):
    """An entry of the certificates log."""

    position: int
    campaign: str
    told: Told


class RecordedLog:
    """One partition of the certificates log.

    Attributes:
        ids: the certificate of each Mitra, as far as read.
    """

    def __init__(self, database: Snapshot, partition: int, check: Check) -> None:
        self.ids: dict[UUID, UUID] = {}
        self._check = check
        self._pages: AsyncIterator[list[Row]] = database.pages(_ENTRIES, partition)
        self._ahead: deque[Recorded] = deque()
        self._ended = False

    async def peek(self) -> Recorded | None:
        """The next entry, None at the end."""
        await self._read(1)
        return self._ahead[0] if self._ahead else None

    async def place(self) -> str:
        """Where the next entry stands, for a message."""
        recorded = await self.peek()
        return "the end" if recorded is None else str(recorded.position)

    async def until(self, campaign: str, told: Told) -> list[Recorded] | None:
        """The entries up to and with the one that tells this, taken out; None if it is nowhere near."""
        await self._read(1)
        if self._ahead and self._ahead[0].told == told and self._ahead[0].campaign == campaign:
            return [self._ahead.popleft()]
        await self._read(LOOK_AHEAD)
        for index, recorded in enumerate(self._ahead):
            if index == LOOK_AHEAD:
                break
            if recorded.told == told and recorded.campaign == campaign:
                return [self._ahead.popleft() for _ in range(index + 1)]
        return None

    async def rest(self) -> list[Recorded]:
        """What nobody expected."""
        while not self._ended:
            await self._read(len(self._ahead) + LOOK_AHEAD)
        return list(self._ahead)

    async def _read(self, wanted: int) -> None:
        while len(self._ahead) < wanted and not self._ended:
            page = await anext(self._pages, None)
            if page is None:
                self._ended = True
                return
            for position, campaign, certificate, *told in page:
                recorded = Recorded(position, campaign, Told(*told))
                self._ahead.append(recorded)
                mitra = recorded.told.mitra
                if mitra is not None and self.ids.setdefault(mitra, certificate) != certificate:
                    self._check.wrong(
                        "a Mitra has certificates of several ids", f"Mitra {mitra} at {position}"
                    )
