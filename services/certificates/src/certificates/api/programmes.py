"""Programmes: launch and discussion meetings of a constituency, planned, held and reported."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.paper_schemas import (
    FiguresTold,
    ProgrammeAsked,
    ProgrammesTold,
    ProgrammeTold,
    ReportAsked,
)
from certificates.api.reach import Campaign, own_campaign
from certificates.commands.plan_programme import PlanProgramme, plan_programme
from certificates.commands.report_programme import (
    NotHeldYet,
    ProgrammeUnknown,
    ReportProgramme,
    report_programme,
)
from certificates.domain.discussion import ReportNotSound
from certificates.problems import PROGRAMME_NOT_HELD, PROGRAMME_UNKNOWN
from certificates.storage import programmes
from certificates.storage.programmes import Programme
from certificates.storage.requests import KeyReused, Request
from mitra_shared.contracts.topics import partition_of
from mitra_shared.database import retrying
from mitra_shared.http.idempotency_keys import KEYED_RESPONSES, Key, key_reused
from mitra_shared.http.problems import FORBIDDEN, invalid_fields, problem_responses
from mitra_shared.http.tokens import requires
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import RECRUITERS, Caller, Role

INDIA: Final = ZoneInfo("Asia/Kolkata")
LATEST_PROGRAMMES: Final = 200

InCharge = Annotated[Caller, Depends(requires(Role.IN_CHARGE))]
Staff = Annotated[Caller, Depends(requires(*RECRUITERS))]


def programme_router(engine: AsyncEngine) -> APIRouter:
    """The routes of programmes."""
    router = APIRouter(prefix="/v1/programmes", tags=["programmes"], responses=problem_responses(401, 403))
    _planning_routes(router, engine)
    _reporting_routes(router, engine)
    return router


def _planning_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.post("", summary="Plan a programme", status_code=201, responses=KEYED_RESPONSES)
    async def plan(
        asked: ProgrammeAsked, caller: InCharge, key: Key, campaign: Campaign = None
    ) -> ProgrammeTold:
        """In the constituency of the caller."""
        async with engine.connect() as connection:
            own = await own_campaign(connection, caller, campaign)
        constituency = AreaCode(caller.area or "")
        request = Request.of(
            caller.subject, key, {"make": "programme", "in": constituency, **asked.model_dump()}
        )
        programme = Programme(
            id=uuid4(),
            partition=partition_of(constituency),
            campaign=own,
            constituency=constituency,
            kind=asked.kind,
            place=asked.place,
            held_on=asked.held_on,
            planned_by=caller.subject,
            planned_at=datetime.now(UTC),
            reports=0,
            reported_by=None,
            reported_at=None,
            figures=None,
            handed_over=0,
        )

        async def work() -> Programme:
            async with unit_of_work(engine) as unit:
                return await plan_programme(unit, PlanProgramme(programme, request))

        try:
            return _told(await retrying(work))
        except KeyReused:
            raise key_reused() from None

    @router.get("", summary="The programmes of your constituency")
    async def listed(caller: Staff, campaign: Campaign = None) -> ProgrammesTold:
        """The latest two hundred, with how many certificates were handed over at each."""
        if caller.area is None:
            raise FORBIDDEN("Your token names no constituency")
        async with engine.connect() as connection:
            own = await own_campaign(connection, caller, campaign)
            found = await programmes.of_constituency(connection, caller.area, own, LATEST_PROGRAMMES)
        return ProgrammesTold(programmes=[_told(each) for each in found])


def _reporting_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/{programme_id}", summary="One programme", responses=problem_responses(404))
    async def one(programme_id: UUID, caller: Staff) -> ProgrammeTold:
        """With how many certificates were handed over there."""
        return _told(await _seen(engine, programme_id, caller))

    @router.post(
        "/{programme_id}/report",
        summary="Report a programme, or correct its report",
        responses=problem_responses(404, 409),
    )
    async def report(programme_id: UUID, asked: ReportAsked, caller: InCharge) -> ProgrammeTold:
        """How many were presented is counted from the hand-overs recorded so far; report again to correct.

        Attendance and topics may be left out: then what was told of them before stays.
        """
        await _seen(engine, programme_id, caller)
        now = datetime.now(UTC)
        command = ReportProgramme(
            programme_id,
            asked.beneficiaries,
            caller.subject,
            now.astimezone(INDIA).date(),
            now,
            attendance=asked.attendance,
            topics=asked.topics,
        )

        async def work() -> Programme:
            async with unit_of_work(engine) as unit:
                return await report_programme(unit, command)

        try:
            return _told(await retrying(work))
        except NotHeldYet:
            raise PROGRAMME_NOT_HELD("Report it on its day or later") from None
        except ProgrammeUnknown:
            raise _unknown() from None
        except ReportNotSound as error:
            raise invalid_fields([objection._asdict() for objection in error.objections]) from None


def _unknown() -> Exception:
    return PROGRAMME_UNKNOWN("Your constituency has no programme of this id")


async def _seen(engine: AsyncEngine, programme_id: UUID, caller: Caller) -> Programme:
    """The programme, if it is of the caller's constituency.

    Raises:
        Problem: it is not.
    """
    async with engine.connect() as connection:
        found = await programmes.find(connection, programme_id)
    if found is None or found.constituency != caller.area or caller.campaign not in {None, found.campaign}:
        raise _unknown()
    return found


def _told(programme: Programme) -> ProgrammeTold:
    reported = None
    if programme.figures is not None:
        said, (by, at) = programme.discussion, programme.told_last
        reported = FiguresTold.model_validate(
            {
                **programme.figures.model_dump(),
                "attendance": None if said is None else said.attendance,
                "topics": {} if said is None else said.topics,
                "by": by,
                "at": at,
            }
        )
    return ProgrammeTold(
        id=programme.id,
        campaign=programme.campaign,
        constituency=programme.constituency,
        kind=programme.kind,
        place=programme.place,
        held_on=programme.held_on,
        planned_by=programme.planned_by,
        handed_over=programme.handed_over,
        reported=reported,
    )
