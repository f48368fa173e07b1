"""`/v1/outreach`: meetings held and people met, reported by day and segment."""

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from enrolment.api.callers import Recruiter
from enrolment.clock import india_day
from enrolment.commands.report_outreach import ReportOutreach, report_outreach
from enrolment.domain.outreach import DAYS_BACK, Outreach
from enrolment.domain.refusals import Objected
from enrolment.outreach_schemas import OutreachDone, OutreachReport, OutreachReports
from enrolment.problems import refused
from enrolment.service import Service
from enrolment.storage import outreach
from enrolment.storage.outreach import START, Cursor, Report
from mitra_shared.http.problems import problem_responses, wrong_field
from mitra_shared.security.tokens import Role
from mitra_shared.telemetry.trace import current_traceparent

LARGEST_PAGE: Final = 1_000
MOST_DAYS: Final = 92
LONGEST_CURSOR: Final = 200

InPath = Annotated[date, Path(examples=["2026-11-23"], description="The day in India.")]
SegmentPath = Annotated[str, Path(max_length=32, examples=["S11-AC019"])]
FirstDay = Annotated[date | None, Query(alias="from", examples=["2026-11-01"])]
LastDay = Annotated[date | None, Query(examples=["2026-11-23"])]
After = Annotated[
    str,
    Query(max_length=LONGEST_CURSOR, description="`next` of the page before."),
]


def outreach_routes(service: Service) -> APIRouter:
    """Reporting, and reading what is reported."""
    router = APIRouter(prefix="/v1/outreach", tags=["outreach"], responses=problem_responses(401, 403, 409))

    @router.put(
        "/{day}/{segment}",
        summary="Report a day of outreach, or correct it",
        responses=problem_responses(400, 413, 415),
    )
    async def report(
        day: InPath, segment: SegmentPath, did: OutreachDone, caller: Recruiter
    ) -> OutreachReport:
        """All that you did on that day in that segment: it replaces what you reported of both before.

        The same figures again change nothing. 0 and 0 take an earlier report back.
        """
        campaign = await service.campaign(caller.campaign)
        command = ReportOutreach(
            caller.subject,
            caller.area,
            segment,
            day,
            Outreach(did.meetings, did.people_met),
            service.clock(),
            campaign.definition.starts_on,
            current_traceparent(),
        )
        try:
            return _told(await report_outreach(command, campaign.rules, service.engine))
        except Objected as error:
            raise refused(error.refusals) from None

    @router.get("", summary="What is reported")
    async def listing(
        caller: Recruiter,
        first: FirstDay = None,
        to: LastDay = None,
        after: After = "",
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
    ) -> OutreachReports:
        """Your own reports; the in-charge sees those of everybody in the constituency.

        Until today and from 31 days before, unless `from` and `to` say otherwise; at most 92 days.
        """
        days = _days(first, to, india_day(service.clock()))
        cursor = _cursor(after)
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        if caller.area is None:
            return OutreachReports(reports=[], next=None)
        staff = None if caller.role is Role.IN_CHARGE else caller.subject
        async with service.engine.connect() as connection:
            found = await outreach.listed(
                connection, campaign, caller.area, staff, days, cursor, at_most=limit + 1
            )
        shown, more = found[:limit], found[limit:]
        last = shown[-1] if more else None
        return OutreachReports(
            reports=[_told(each) for each in shown],
            next=None if last is None else f"{last.day}/{last.segment}/{last.staff}",
        )

    return router


def _days(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The days asked for, both included; what was not said is filled in.

    Raises:
        Problem: 422 for the wrong way round, or more than `MOST_DAYS`.
    """
    last = today if last is None else last
    if first is None:
        first = date.fromordinal(max(1, last.toordinal() - DAYS_BACK))
    if first > last:
        raise wrong_field("from", "is after `to`", f"at most {last}")
    if (last - first) >= timedelta(days=MOST_DAYS):
        raise wrong_field("from", "asks for too many days", f"at most {MOST_DAYS} days in one answer")
    return first, last


def _cursor(after: str) -> Cursor:
    """Where the page before ended. Ids of staff may hold a slash; days and segments do not."""
    if not after:
        return START
    try:
        day, segment, staff = after.split("/", 2)
        return Cursor(date.fromisoformat(day), segment, staff)
    except ValueError:
        raise wrong_field("after", "is no place of this list", "`next` of the page before") from None


def _told(report: Report) -> OutreachReport:
    return OutreachReport(
        day=report.day,
        segment=report.segment,
        staff=report.staff,
        meetings=report.did.meetings,
        people_met=report.did.people_met,
        reported_at=report.reported_at,
    )
