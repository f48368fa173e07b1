"""What both kinds of work on an import share: what it stands on, and how it holds it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import Row as DatabaseRow
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.campaigns import LoadedCampaign, LoadedCampaigns
from enrolment.clock import Clock, india_day
from enrolment.domain.importing import Field
from enrolment.imports.cells import Cell
from enrolment.imports.child_limits import ReadingLimits
from enrolment.imports.interpreting import Interpreter
from enrolment.imports.rows import Complaint, Mapped
from enrolment.imports.vocabulary import Vocabulary
from enrolment.intake.desk import IntakeDesk
from enrolment.seals import Seals
from enrolment.storage import imports as storage
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work

AT_A_STRETCH: Final = 8
"""Rows after which others get a turn: a transaction that waits for one may hold the intake."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """The parts of the imports process."""

    engine: AsyncEngine
    campaigns: LoadedCampaigns
    seals: Seals
    desk: IntakeDesk
    clock: Clock
    limits: ReadingLimits
    lease: timedelta = timedelta(seconds=20)
    at_once: int = 500
    """Rows sealed, judged or enrolled together."""


@dataclass(slots=True)
class Held:
    """An import that is worked on."""

    shop: Workshop
    row: DatabaseRow[Any]
    lease: UUID

    @property
    def id(self) -> UUID:
        """Of the import."""
        found: UUID = self.row.id
        return found

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees all of it, and goes on holding the import.

        Raises:
            LeaseLost: it was cancelled, or is held by somebody else; nothing was changed.
        """
        async with unit_of_work(self.shop.engine) as unit:
            await work_as(unit.connection, Work.IMPORTS)
            await storage.renew(unit.connection, self.id, self.lease, self.shop.clock() + self.shop.lease)
            yield unit.connection

    def campaign(self) -> LoadedCampaign:
        """The campaign in force."""
        return self.shop.campaigns.get(self.row.campaign)

    def interpreter(self, mapped: Mapped) -> Interpreter:
        """Reads its rows by the rules in force."""
        campaign, area = self.campaign(), AreaCode(self.row.constituency)
        vocabulary = Vocabulary.of(campaign.definition, area)
        return Interpreter(mapped, vocabulary, campaign.rules, area, india_day(self.shop.clock()))

    def mapped(self) -> Mapped:
        """By which its rows are read."""
        return mapped_of(self.row.mapping, self.shop.seals, self.id)

    def seal(self, row: int, cells: Sequence[Cell]) -> str:
        """Cells as they are kept."""
        return self.shop.seals.seal_row(to_json(cells).decode(), self.id, row)

    def open(self, row: int, sealed: str) -> list[Cell]:
        """Cells that were kept."""
        cells: list[Cell] = from_json(self.shop.seals.open_row(sealed, self.id, row))
        return cells


def mapped_of(kept: Mapping[str, Any] | None, seals: Seals, upload: UUID) -> Mapped:
    """A mapping as it is kept with the import: columns in clear, what is said for the whole sheet sealed."""
    kept = kept or {}
    values = from_json(seals.open_values(kept["values"], upload)) if kept.get("values") else {}
    return Mapped(
        {Field(name): column for name, column in kept.get("columns", {}).items()},
        {Field(name): value for name, value in values.items()},
    )


def told(complaints: Sequence[Complaint]) -> str | None:
    """Complaints as they are kept with a row: JSON, None if there are none."""
    return to_json(complaints).decode() if complaints else None
