"""Report what was done on a day in a segment, or correct it: the row and its event in one transaction."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import india_day
from enrolment.domain.outreach import NOTHING, NOTHING_TO_REPORT, Outreach, check_report
from enrolment.domain.refusals import Objected
from enrolment.domain.rules import Rules
from enrolment.storage import outreach
from enrolment.storage.locks import lock_outreach
from enrolment.storage.outreach import Report
from mitra_shared.contracts.field_events import OutreachFigures, OutreachReportedV1
from mitra_shared.database import retrying
from mitra_shared.ids import AreaCode, StaffId, new_event_id
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class ReportOutreach:
    """What a member of staff of `area` did on `day` in `segment`, all of it."""

    staff: StaffId
    area: AreaCode | None
    segment: str
    day: date
    did: Outreach
    asked_at: datetime
    starts_on: date
    """First day of the campaign."""
    traceparent: str | None = None


async def report_outreach(command: ReportOutreach, rules: Rules, engine: AsyncEngine) -> Report:
    """Put the report in place of what stands; the same figures again change nothing. Returns what stands.

    Raises:
        Objected: with every objection.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    refusals = check_report(
        rules,
        segment=command.segment,
        day=command.day,
        area=command.area,
        starts_on=command.starts_on,
        today=india_day(command.asked_at),
    )
    if refusals:
        raise Objected(refusals)
    segment = AreaCode(command.segment)
    report = Report(
        rules.campaign,
        command.staff,
        segment,
        command.day,
        rules.segments[segment],
        command.did,
        command.asked_at,
    )
    return await retrying(lambda: _put(engine, report, command.traceparent))


async def _put(engine: AsyncEngine, report: Report, traceparent: str | None) -> Report:
    async with unit_of_work(engine) as unit:
        # Of two reports at a time the later one replaces the earlier one, and its event says so.
        await lock_outreach(unit.connection, report.staff)
        stands = await outreach.find(unit.connection, report)
        if stands is not None and stands.did == report.did:
            return stands
        if stands is None and report.did == NOTHING:
            raise Objected((NOTHING_TO_REPORT,))
        await outreach.keep(unit.connection, report)
        unit.emit(
            OutreachReportedV1(
                event_id=new_event_id(),
                campaign=report.campaign,
                occurred_at=report.reported_at,
                constituency=report.constituency,
                segment=report.segment,
                staff=report.staff,
                day=report.day,
                figures=_figures(report.did),
                previous=None if stands is None else _figures(stands.did),
            ),
            traceparent,
        )
    return report


def _figures(did: Outreach) -> OutreachFigures:
    return OutreachFigures(meetings=did.meetings, people_met=did.people_met)
