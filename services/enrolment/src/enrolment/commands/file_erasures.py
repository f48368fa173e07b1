"""Note erasures in the file that is kept apart from the backups."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.ledger_file import Entry, append_to, of_row, of_staff
from enrolment.storage import erasures, former_staff
from mitra_shared.log import unit_of_work

_ENTRIES_AT_A_TIME: Final = 1_000


async def file_erasures(engine: AsyncEngine, path: Path, now: datetime) -> int:
    """Append a bounded number of erasures to the file. Returns how many; ask again until 0.

    A process that ends between the file and the note appends them once more, which does no harm.

    Raises:
        OSError: the file cannot be written.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        people = await erasures.unfiled(unit.connection, at_most=_ENTRIES_AT_A_TIME)
        staff = await former_staff.unfiled(unit.connection, at_most=_ENTRIES_AT_A_TIME)
        entries: list[Entry] = [*(of_row(row) for row in people), *(of_staff(row) for row in staff)]
        if entries:
            await asyncio.to_thread(append_to, path, entries)
            await erasures.mark_filed(unit.connection, [row[0] for row in people], now)
            await former_staff.mark_filed(unit.connection, [row[0] for row in staff], now)
    return len(entries)
