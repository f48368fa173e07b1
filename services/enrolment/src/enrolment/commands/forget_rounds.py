"""Forget who was contacted in rounds that have long been over; their counts stay in the log."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import india_day
from enrolment.domain.retention import RECORDS_KEPT
from enrolment.storage import contacts
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

_CONTACTS_AT_A_TIME: Final = 5_000


async def forget_rounds(engine: AsyncEngine, now: datetime) -> int:
    """Delete a bounded number of contacts whose round closed a year ago. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        closed_before = india_day(now) - RECORDS_KEPT
        return await contacts.forget_rounds(unit.connection, closed_before, at_most=_CONTACTS_AT_A_TIME)
