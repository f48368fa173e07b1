"""Forget what was kept for messages and codes long enough: codes, sessions, messages and broadcasts."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.retention import RECORDS_KEPT
from enrolment.storage import broadcasts, codes, messages, person_sessions
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

CODES_KEPT: Final = timedelta(days=1)
"""As long as they count against the codes of a day."""
MESSAGES_KEPT: Final = timedelta(days=30)
_ROWS_AT_A_TIME: Final = 5_000


async def forget_messages(engine: AsyncEngine, now: datetime) -> int:
    """Delete a bounded number of rows that are past their time. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        asked = await codes.forget_asked(unit.connection, now - CODES_KEPT, at_most=_ROWS_AT_A_TIME)
        ended = await messages.forget_ended(
            unit.connection, now - MESSAGES_KEPT, now, at_most=_ROWS_AT_A_TIME
        )
        told = await broadcasts.forget(unit.connection, now - RECORDS_KEPT)
        sessions = await person_sessions.forget_ended(unit.connection, now)
    return asked + ended + told + sessions
