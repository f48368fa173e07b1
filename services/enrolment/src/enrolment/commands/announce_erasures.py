"""Plan what the end of a campaign asks for, and tell people 48 hours before they are erased."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import INDIA
from enrolment.domain.retention import NOTICE, end_of_campaign
from enrolment.messages.kinds import erasure_notice
from enrolment.messages.outbox import enqueue
from enrolment.storage import campaigns, erasures
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

_PEOPLE_AT_A_TIME: Final = 500


async def plan_ends(engine: AsyncEngine, now: datetime) -> int:
    """Have a bounded number of people erased at the end of their campaign, once that is two days away.

    Returns:
        How many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    planned = 0
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        for campaign, target_date in await campaigns.ends(unit.connection):
            end = end_of_campaign(target_date, INDIA)
            if end - NOTICE <= now:
                planned += await erasures.plan_at_the_end(
                    unit.connection, campaign, end, at_most=_PEOPLE_AT_A_TIME
                )
    return planned


async def announce_erasures(engine: AsyncEngine, now: datetime) -> int:
    """Tell a bounded number of people whose time is near. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        people = await erasures.take_untold(unit.connection, now, at_most=_PEOPLE_AT_A_TIME)
        await enqueue(unit.connection, [erasure_notice(mitra, due_at, now) for mitra, due_at in people])
    return len(people)
