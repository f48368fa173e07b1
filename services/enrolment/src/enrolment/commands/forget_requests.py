"""Forget what people asked for, words and all, a year after it was settled; never what is open."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.retention import RECORDS_KEPT
from enrolment.storage import requests
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

_ROWS_AT_A_TIME: Final = 5_000


async def forget_requests(engine: AsyncEngine, now: datetime, *, at_most: int = _ROWS_AT_A_TIME) -> int:
    """Delete up to `at_most` requests that were settled a year ago. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        return await requests.forget_settled(unit.connection, now - RECORDS_KEPT, at_most=at_most)
