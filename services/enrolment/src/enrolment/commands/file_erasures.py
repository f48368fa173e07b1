"""Note erasures in the file that is kept apart from the backups."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.ledger_file import append_to, of_row
from enrolment.storage import erasures
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
        entries = await erasures.unfiled(unit.connection, at_most=_ENTRIES_AT_A_TIME)
        if entries:
            await asyncio.to_thread(append_to, path, [of_row(entry) for entry in entries])
            await erasures.mark_filed(unit.connection, [entry[0] for entry in entries], now)
    return len(entries)
