"""Plan the erasure of a person who asks for it: withdrawn at once, erased at the earliest lawful moment.

With the person go all enrolments that were merged. Where staff ask for it, one of another constituency is
withdrawn, and erased as the campaign has it for whoever withdraws: they have no further say over it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.withdraw_mitra import PAGE, MitraNotFound, record_withdrawal
from enrolment.domain.retention import Why, due_after
from enrolment.messages.kinds import erasure_notice
from enrolment.messages.outbox import enqueue
from enrolment.mitra_schemas import ErasurePlanned
from enrolment.storage import erasures, merged, mitras
from enrolment.storage.row_security import Work, act_as, work_as
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId, StaffId
from mitra_shared.log import UnitOfWork, unit_of_work
from mitra_shared.security.tokens import Caller


@dataclass(frozen=True, slots=True)
class PlanErasure:
    """What the person asks, or somebody of the constituency for them."""

    mitra: MitraId
    campaign: CampaignId
    asked_at: datetime
    why: Why = Why.ASKED
    by: Caller | Work = Work.OWN_DATA
    """Somebody of the constituency, or the person, who proved to be that."""
    traceparent: str | None = None
    helper: StaffId | None = None
    """Who of the staff helped the person to ask."""

    @property
    def through(self) -> str:
        """`page`, or who of the staff recorded it."""
        return self.by.subject if isinstance(self.by, Caller) else self.helper or PAGE


async def plan_erasure(command: PlanErasure, engine: AsyncEngine) -> ErasurePlanned:
    """Withdraw the person if that was not done, give notice, and have them erased 48 hours later.

    Asking again gives the same answer, also when they are erased by now.

    Raises:
        MitraNotFound: not of this campaign, or nobody.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _plan(command, engine))


async def _plan(command: PlanErasure, engine: AsyncEngine) -> ErasurePlanned:
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.by, command.campaign, command.asked_at)
        row = await mitras.find(unit.connection, command.mitra, for_update=True)
        if row is None or row.campaign != command.campaign:
            raise MitraNotFound
        if isinstance(command.by, Caller) and row.constituency != command.by.area:
            raise MitraNotFound
        if row.erased_at is not None:
            return ErasurePlanned(mitra_id=row.id, due_at=row.erase_at, noticed_at=row.erasure_noticed_at)
        await work_as(unit.connection, Work.OWN_DATA)
        # All rows first, as the withdrawal holds the end of the log from then on.
        for other in await merged.others(unit.connection, row):
            if isinstance(command.by, Caller) and other.constituency != command.by.area:
                await _withdraw_only(unit, other, command)
            else:
                await _plan_one(unit, other, command)
        return await _plan_one(unit, row, command)


async def _plan_one(unit: UnitOfWork, row: Row[Any], command: PlanErasure) -> ErasurePlanned:
    await _withdraw_only(unit, row, command)
    noticed_at = row.erasure_noticed_at or command.asked_at
    due_at = due_after(noticed_at)
    await erasures.plan(unit.connection, row.id, command.why, at=due_at, noticed_at=noticed_at)
    if row.erasure_noticed_at is None:
        await enqueue(unit.connection, [erasure_notice(row.id, due_at, command.asked_at)])
    return ErasurePlanned(mitra_id=row.id, due_at=due_at, noticed_at=noticed_at)


async def _withdraw_only(unit: UnitOfWork, row: Row[Any], command: PlanErasure) -> None:
    if row.withdrawn_at is None:
        await record_withdrawal(unit, row, command.asked_at, command.traceparent, command.through)
