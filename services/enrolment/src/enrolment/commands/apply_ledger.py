"""Erase again who was erased before, in a database that was restored to a point before that."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.erase_mitras import PEOPLE_AT_A_TIME, erase
from enrolment.commands.erase_staff import Again, erase_again
from enrolment.ledger_file import FiledErasure, FiledStaffErasure
from enrolment.storage import erasures
from enrolment.storage.locks import lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

_AT_A_TIME: Final = PEOPLE_AT_A_TIME


class Applied(NamedTuple):
    """What came of a ledger, of people or of former staff."""

    erased: int
    unknown: int
    """Of whom this database does not know: they came after the backup."""


async def apply_ledger(engine: AsyncEngine, ledger: Sequence[FiledErasure], now: datetime) -> Applied:
    """Erase everybody in `ledger` who is not erased here. To be called before the database serves.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; asking again goes on.
    """
    erased = unknown = 0
    for start in range(0, len(ledger), _AT_A_TIME):
        some = ledger[start : start + _AT_A_TIME]
        async with unit_of_work(engine) as unit:
            # A relay that runs already would put contacts back that it counts at this moment.
            await lock_upkeep(unit.connection)
            await work_as(unit.connection, Work.UPKEEP)
            known = await erasures.known(unit.connection, [each.mitra for each in some])
            people = await erasures.take_again(unit.connection, some)
            if people:
                await erase(unit.connection, people, now)
        erased += len(people)
        unknown += len(some) - known
    return Applied(erased, unknown)


async def apply_to_staff(engine: AsyncEngine, ledger: Sequence[FiledStaffErasure], now: datetime) -> Applied:
    """Erase every former member of staff in `ledger` who is not erased here, with the post held here.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; asking again goes on.
    """
    done = [await erase_again(each.staff, each.campaign, engine, now) for each in ledger]
    return Applied(done.count(Again.ERASED), done.count(Again.UNKNOWN))
