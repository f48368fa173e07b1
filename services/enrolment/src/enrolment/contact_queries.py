"""What can be read of a round: who is due to the caller, and how far staff are."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.contact_schemas import DueList, PersonDue, RoundProgress, StaffProgress
from enrolment.storage import due as storage
from enrolment.storage.due import FIRST, Carer, Place
from enrolment.storage.row_security import act_as
from mitra_shared.ids import StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role

_PARTS = 3


class NotAPlace(ValueError):
    """What was given for a place in a list is none."""


async def due_list(
    engine: AsyncEngine,
    carer: Carer,
    caller: Caller,
    round_id: str,
    *,
    now: datetime,
    today: date,
    after: str,
    limit: int,
) -> DueList:
    """One page of those who are due to the caller.

    Raises:
        NotAPlace: `after` was not given as `next`.
    """
    start = _place_of(after) if after else FIRST
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, carer.campaign, now)
        # One more than is shown tells whether there is another page.
        page = await storage.due(unit.connection, carer, round_id, today, after=start, at_most=limit + 1)
    shown, more = page.rows[:limit], page.rows[limit:]
    last = shown[-1] if more else None
    return DueList(
        round=round_id,
        due=[
            PersonDue(
                mitra_id=row.id,
                segment=row.segment,
                language=row.language,
                preferred_time=row.preferred_time,
                last_contact=row.day,
                last_outcome=row.outcome,
                call_on=row.call_on,
            )
            for row in shown
        ],
        next=None if last is None else f"{last.rank}.{last.standing}.{last.id}",
        count=page.number,
    )


def _place_of(text: str) -> Place:
    parts = text.split(".")
    if len(parts) != _PARTS or parts[0] not in {"0", "1", "2"}:
        raise NotAPlace
    try:
        return Place(int(parts[0]), date.fromisoformat(parts[1]), UUID(parts[2]))
    except ValueError:
        raise NotAPlace from None


async def progress(
    engine: AsyncEngine, carer: Carer, caller: Caller, round_id: str, now: datetime
) -> RoundProgress:
    """How far everybody is, or, for a co-in-charge, how far the caller is."""
    only: StaffId | None = None if caller.role is Role.IN_CHARGE else caller.subject
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, carer.campaign, now)
        rows = await storage.progress(unit.connection, carer.campaign, carer.area, round_id, only)
    return RoundProgress(
        round=round_id,
        staff=[
            StaffProgress(
                staff=row.staff,
                at_work=row.is_at_work,
                people=row.people,
                reached=row.reached,
                due=row.due,
                attempts=row.attempts,
            )
            for row in rows
        ],
    )
