"""Report a programme: how many were presented is counted, who came and what they talked about is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from certificates.domain.discussion import Discussion, discussion_of
from certificates.storage import programmes
from certificates.storage.programmes import Programme
from mitra_shared.contracts.events import (
    DiscussionFigures,
    ProgrammeDiscussedV1,
    ProgrammeFigures,
    ProgrammeReportedV1,
)
from mitra_shared.ids import EventId, StaffId
from mitra_shared.log import UnitOfWork


class ProgrammeUnknown(Exception):
    """There is no such programme."""


class NotHeldYet(Exception):
    """The day of the programme has not come."""


@dataclass(frozen=True, slots=True)
class ReportProgramme:
    """What those who held a programme say of it. `today` is the day in India.

    Attendance or topics of None are not told, which leaves what was told before.
    """

    programme: UUID
    beneficiaries: int
    by: StaffId
    today: date
    now: datetime
    attendance: int | None = None
    topics: Mapping[str, int] | None = None


async def report_programme(unit: UnitOfWork, command: ReportProgramme) -> Programme:
    """Write the figures and tell them, with those they replace; the same again changes nothing.

    Raises:
        ProgrammeUnknown, NotHeldYet: it cannot be reported.
        ReportNotSound: what is told cannot be so.
    """
    programme = await _locked(unit, command.programme)
    if programme.held_on > command.today:
        raise NotHeldYet
    discussion = discussion_of(
        beneficiaries=command.beneficiaries,
        attendance=command.attendance,
        topics=command.topics,
        stands=programme.discussion,
        known=await programmes.topics(unit.connection, programme.campaign),
    )
    figures = ProgrammeFigures(presented=programme.handed_over, beneficiaries=command.beneficiaries)
    if figures != programme.figures:
        await programmes.report(unit.connection, programme.id, figures, command.by, command.now)
        unit.emit(_reported(programme, figures, command.now))
    if discussion is not None and discussion != programme.discussion:
        await programmes.discuss(unit.connection, programme.id, discussion, command.by, command.now)
        unit.emit(_discussed(programme, discussion, command.now))
    return await _locked(unit, programme.id)


def _reported(programme: Programme, figures: ProgrammeFigures, at: datetime) -> ProgrammeReportedV1:
    return ProgrammeReportedV1(
        event_id=EventId(uuid5(programme.id, f"report {programme.reports + 1}")),
        campaign=programme.campaign,
        occurred_at=at,
        constituency=programme.constituency,
        programme=programme.id,
        kind=programme.kind,
        held_on=programme.held_on,
        figures=figures,
        previous=programme.figures,
    )


def _discussed(programme: Programme, discussion: Discussion, at: datetime) -> ProgrammeDiscussedV1:
    before = programme.discussion
    return ProgrammeDiscussedV1(
        event_id=EventId(uuid5(programme.id, f"discussion {programme.discussions + 1}")),
        campaign=programme.campaign,
        occurred_at=at,
        constituency=programme.constituency,
        programme=programme.id,
        held_on=programme.held_on,
        figures=_told(discussion),
        previous=None if before is None else _told(before),
    )


def _told(discussion: Discussion) -> DiscussionFigures:
    return DiscussionFigures(attendance=discussion.attendance, topics=dict(discussion.topics))


async def _locked(unit: UnitOfWork, programme: UUID) -> Programme:
    found = await programmes.lock(unit.connection, programme)
    if found is None:
        raise ProgrammeUnknown
    return found
