"""Count contacts of days that are over, in groups, and tell the counts in the log. None is counted twice.

Counted is at night: what came today waits, so that nothing in the log tells when somebody was called.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import india_day
from enrolment.domain.contacting import WAS_REACHED, Tally, tally
from enrolment.storage import contacts
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.contracts.field_events import ContactsCountedV1
from mitra_shared.ids import new_event_id
from mitra_shared.log import unit_of_work

CONTACTS_AT_A_TIME: Final = 1_000
"""Counted together; bounds how long the heads of their partitions are held."""


async def count_contacts(engine: AsyncEngine, now: datetime, *, at_most: int = CONTACTS_AT_A_TIME) -> int:
    """Count a bounded number of contacts. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nothing is counted by half.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        rows = await contacts.take_over(unit.connection, india_day(now), at_most=at_most)
        if rows:
            counted = await _counted(unit.connection, rows)
            await contacts.put_back(unit.connection, rows, counted.first)
            for event in _events(counted, now):
                unit.emit(event)
    return len(rows)


async def _counted(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> Tally:
    waiting = [contacts.countable(row) for row in rows]
    people = {(each.mitra, each.group.round) for each in waiting if each.outcome in WAS_REACHED}
    return tally(waiting, await contacts.counted_as_reached(connection, people))


def _events(counted: Tally, now: datetime) -> list[ContactsCountedV1]:
    return [
        ContactsCountedV1(
            event_id=new_event_id(),
            campaign=group.campaign,
            occurred_at=now,
            constituency=group.constituency,
            segment=group.segment,
            round=group.round,
            staff=group.staff,
            day=group.day,
            attempts=attempts,
            reached=counted.reached.get(group, 0),
        )
        for group, attempts in sorted(counted.attempts.items())
    ]
