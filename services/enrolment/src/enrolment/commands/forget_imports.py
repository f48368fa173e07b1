"""Forget imports: files and rows never accepted, later the cells of rows, at last that there was one."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.importing import ACCEPT_WITHIN, FINISH_WITHIN, ROWS_KEPT, UPLOAD_WITHIN
from enrolment.domain.retention import RECORDS_KEPT
from enrolment.storage import imports
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

_ROWS_AT_A_TIME: Final = 5_000


async def forget_imports(engine: AsyncEngine, now: datetime) -> int:
    """Delete a bounded number of what is past its time. Returns how much; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        ends = {
            "upload": now - UPLOAD_WITHIN,
            "accept": now - ACCEPT_WITHIN,
            "finish": now - FINISH_WITHIN,
            "rows": now - ROWS_KEPT,
            "records": now - RECORDS_KEPT,
        }
        return await imports.forget(unit.connection, ends, at_most=_ROWS_AT_A_TIME)
