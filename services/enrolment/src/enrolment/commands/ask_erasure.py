"""Ask for erasure: withdrawn at once, and erased when the notice is over."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.plan_erasure import PlanErasure, plan_erasure
from enrolment.commands.withdraw_mitra import PAGE, MitraNotFound
from enrolment.domain.rights import RequestId, RequestKind
from enrolment.storage import mitras, requests
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId, StaffId
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class AskErasure:
    """What the person asks, alone or with help."""

    mitra: MitraId
    campaign: CampaignId
    asked_at: datetime
    helper: StaffId | None
    """Who of the staff helped to ask."""
    traceparent: str | None = None


async def ask_erasure(command: AskErasure, engine: AsyncEngine) -> datetime:
    """Plan the erasure, and note that it was asked for. Safe to repeat after any failure in between.

    Returns:
        When the person will be erased.

    Raises:
        MitraNotFound: there is nobody of this id.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    plan = PlanErasure(
        command.mitra,
        command.campaign,
        command.asked_at,
        traceparent=command.traceparent,
        helper=command.helper,
    )
    planned = await plan_erasure(plan, engine)
    await retrying(lambda: _note(command, planned.due_at, engine))
    return planned.due_at


async def _note(command: AskErasure, due_at: datetime, engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as unit:
        await work_as(unit.connection, Work.OWN_DATA)
        row = await mitras.find(unit.connection, command.mitra, for_update=True)
        if row is None:
            raise MitraNotFound
        if any(
            asked.kind == RequestKind.ERASURE for asked in await requests.of_person(unit.connection, row.id)
        ):
            return
        await requests.keep(
            unit.connection,
            RequestId(uuid4()),
            row,
            RequestKind.ERASURE,
            asked_at=command.asked_at,
            due_at=due_at,
            through=command.helper or PAGE,
            done_by=command.helper or PAGE,
        )
