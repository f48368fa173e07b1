"""Record that a person withdrew consent. Asking again gives the same answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.schemas import Withdrawn
from enrolment.storage import mitras
from enrolment.storage.row_security import Work, act_as
from mitra_shared.contracts.events import MitraWithdrawnV1
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId, new_event_id
from mitra_shared.log import Place, UnitOfWork, unit_of_work
from mitra_shared.log.append import Emitted, append
from mitra_shared.security.tokens import Caller


class MitraNotFound(Exception):
    """There is no such person in the caller's campaign and constituency."""


@dataclass(frozen=True, slots=True)
class WithdrawMitra:
    """What somebody of the person's constituency asks, or the person, who proved to be that."""

    mitra: MitraId
    campaign: CampaignId
    by: Caller | Work
    asked_at: datetime
    traceparent: str | None = None


async def withdraw_mitra(command: WithdrawMitra, engine: AsyncEngine) -> Withdrawn:
    """Withdraw a person.

    Raises:
        MitraNotFound: not of this constituency, or nobody.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _withdraw(command, engine))


async def _withdraw(command: WithdrawMitra, engine: AsyncEngine) -> Withdrawn:
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.by, command.campaign, command.asked_at)
        row = await mitras.find(unit.connection, command.mitra, for_update=True)
        if row is None or row.campaign != command.campaign:
            raise MitraNotFound
        if isinstance(command.by, Caller) and row.constituency != command.by.area:
            raise MitraNotFound
        if row.withdrawn_at is not None:
            return Withdrawn(
                mitra_id=row.id,
                withdrawn_at=row.withdrawn_at,
                partition=row.partition,
                epoch=row.withdrawal_epoch,
                position=row.withdrawal_position,
            )
        place = await record_withdrawal(unit, row, command.asked_at, command.traceparent)
    return Withdrawn(
        mitra_id=row.id,
        withdrawn_at=command.asked_at,
        partition=place.partition,
        epoch=place.epoch,
        position=place.position,
    )


async def record_withdrawal(unit: UnitOfWork, row: Row[Any], at: datetime, traceparent: str | None) -> Place:
    """Withdraw somebody who has not, whose row is locked. Returns where the event stands."""
    event = MitraWithdrawnV1(
        event_id=new_event_id(),
        campaign=row.campaign,
        occurred_at=at,
        mitra_id=row.id,
        constituency=row.constituency,
        segment=row.segment,
        basis=row.basis,
    )
    # Appended here rather than on leaving: the place is part of the row, so that asking again tells it.
    (place,) = await append(unit.connection, ENROLMENT, [Emitted(event, traceparent)])
    await mitras.mark_withdrawn(unit.connection, row.id, at, place)
    return place
