"""Report a programme: how many were presented is counted, how many joined the discussion is told."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from certificates.storage import programmes
from certificates.storage.programmes import Programme
from mitra_shared.contracts.events import ProgrammeFigures, ProgrammeReportedV1
from mitra_shared.ids import EventId, StaffId
from mitra_shared.log import UnitOfWork


class ProgrammeUnknown(Exception):
    """There is no such programme."""


class NotHeldYet(Exception):
    """The day of the programme has not come."""


@dataclass(frozen=True, slots=True)
class ReportProgramme:
    """What those who held a programme say of it. `today` is the day in India."""

    programme: UUID
    beneficiaries: int
    by: StaffId
    today: date
    now: datetime


async def report_programme(unit: UnitOfWork, command: ReportProgramme) -> Programme:
    """Write the figures and tell them, with those they replace; the same again changes nothing.

    Raises:
        ProgrammeUnknown, NotHeldYet: it cannot be reported.
    """
    programme = await _locked(unit, command.programme)
    if programme.held_on > command.today:
        raise NotHeldYet
    figures = ProgrammeFigures(presented=programme.handed_over, beneficiaries=command.beneficiaries)
    if figures == programme.figures:
        return programme
    await programmes.report(unit.connection, programme.id, figures, command.by, command.now)
    unit.emit(
        ProgrammeReportedV1(
            event_id=EventId(uuid5(programme.id, f"report {programme.reports + 1}")),
            campaign=programme.campaign,
            occurred_at=command.now,
            constituency=programme.constituency,
            programme=programme.id,
            kind=programme.kind,
            held_on=programme.held_on,
            figures=figures,
            previous=programme.figures,
        )
    )
    return await _locked(unit, programme.id)


async def _locked(unit: UnitOfWork, programme: UUID) -> Programme:
    found = await programmes.lock(unit.connection, programme)
    if found is None:
        raise ProgrammeUnknown
    return found
