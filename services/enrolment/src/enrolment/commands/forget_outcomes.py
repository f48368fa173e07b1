"""Forget what has been kept long enough: answers, duplicates, ids of opinion submissions, old erasures."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import india_day
from enrolment.domain.retention import RECORDS_KEPT
from enrolment.storage import erasures, opinions, outcomes
from enrolment.storage.locks import try_lock_upkeep
from mitra_shared.log import unit_of_work

_ROWS_AT_A_TIME: Final = 5_000


async def forget_outcomes(engine: AsyncEngine, now: datetime) -> int:
    """Delete a bounded number of rows that are past their time. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    before = now - outcomes.KEPT
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        answers = await outcomes.forget_older(unit.connection, before, at_most=_ROWS_AT_A_TIME)
        duplicates = await outcomes.forget_duplicates(
            unit.connection, before, india_day(before), at_most=_ROWS_AT_A_TIME
        )
        submissions = await opinions.forget_submissions(
            unit.connection, india_day(before), at_most=_ROWS_AT_A_TIME
        )
        records = await erasures.forget_records(unit.connection, now - RECORDS_KEPT, at_most=_ROWS_AT_A_TIME)
    return answers + duplicates + submissions + records
