"""Forget what is past its time: failed sign-ins, ended sessions, old invitations, the record of staff."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.lock_out import FORGIVEN_AFTER
from enrolment.storage import invitations, sessions, staff_record
from enrolment.storage.locks import try_lock_upkeep
from mitra_shared.log import unit_of_work

_ROWS_AT_A_TIME: Final = 5_000
_SESSIONS_KEPT: Final = timedelta(days=30)
"""After their end: who asks why a phone was signed out finds the answer."""


async def forget_sign_ins(engine: AsyncEngine, now: datetime) -> int:
    """Delete a bounded number of rows that are past their time. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    year_ago = now - staff_record.KEPT
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        forgotten = await sessions.forget_older(
            unit.connection, now - FORGIVEN_AFTER, now - _SESSIONS_KEPT, at_most=_ROWS_AT_A_TIME
        )
        forgotten += await invitations.forget_older(unit.connection, year_ago, at_most=_ROWS_AT_A_TIME)
        forgotten += await staff_record.forget_older(unit.connection, year_ago, at_most=_ROWS_AT_A_TIME)
    return forgotten
