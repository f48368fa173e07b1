"""Record that a person withdrew consent. Asking again gives the same answer.

Under an enrolment that was merged with another, a person withdraws from the one that stayed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.rights import RequestId, RequestKind
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.mitra_schemas import Withdrawn
from enrolment.storage import mitras, requests
from enrolment.storage.matching import forget_matching
from enrolment.storage.merged import stays_enrolled
from enrolment.storage.row_security import Work, act_as, work_as, working_as
from mitra_shared.contracts.events import MitraWithdrawnV1
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId, StaffId, new_event_id
from mitra_shared.log import Place, UnitOfWork, unit_of_work
from mitra_shared.log.append import Emitted, append
from mitra_shared.security.tokens import Caller

PAGE: Final = "page"
"""Where a person asks who asks alone."""


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
    helper: StaffId | None = None
    """Who of the staff helped the person to ask."""

    @property
    def through(self) -> str:
        """`page`, or who of the staff recorded it."""
        return self.by.subject if isinstance(self.by, Caller) else self.helper or PAGE


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
            await withdraw_who_stays(unit, row, command.asked_at, command.traceparent, command.through)
            return Withdrawn(
                mitra_id=row.id,
                withdrawn_at=row.withdrawn_at,
                partition=row.partition,
                epoch=row.withdrawal_epoch,
                position=row.withdrawal_position,
            )
        place = await record_withdrawal(unit, row, command.asked_at, command.traceparent, command.through)
    return Withdrawn(
        mitra_id=row.id,
        withdrawn_at=command.asked_at,
        partition=place.partition,
        epoch=place.epoch,
        position=place.position,
    )


async def withdraw_who_stays(
    unit: UnitOfWork, row: Row[Any], at: datetime, traceparent: str | None, through: str
) -> bool:
    """Withdraw the enrolment that stayed when that of `row`, which is locked, was merged with it.

    It is one person, who wants to stop, so this is done in whatever constituency the other is, whoever
    records it; nothing of the other is told. False: there is none, or it is withdrawn.
    """
    if row.merged_into is None:
        return False
    await work_as(unit.connection, Work.OWN_DATA)
    stays = await stays_enrolled(unit.connection, row, for_update=True)
    if stays is None:
        return False
    await record_withdrawal(unit, stays, at, traceparent, through)
    return True


async def record_withdrawal(
    unit: UnitOfWork,
    row: Row[Any],
    at: datetime,
    traceparent: str | None,
    through: str,
    *,
    as_duplicate: bool = False,
) -> Place:
    """Withdraw somebody who has not, whose row is locked, and tell the person. Returns the event's place.

    Whoever is withdrawn `as_duplicate` has not asked for it, and is told that the other enrolment stays.
    """
    async with working_as(unit.connection, Work.UPKEEP):
        await forget_matching(unit.connection, [row.id], erased=False)
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
    if as_duplicate:
        await enqueue(unit.connection, [Message(row.id, MessageKind.MERGED, at)])
        return place
    await requests.keep(
        unit.connection,
        RequestId(uuid4()),
        row,
        RequestKind.WITHDRAWAL,
        asked_at=at,
        due_at=at,
        through=through,
        done_by=through,
    )
    await enqueue(unit.connection, [Message(row.id, MessageKind.WITHDRAWN, at)])
    return place
