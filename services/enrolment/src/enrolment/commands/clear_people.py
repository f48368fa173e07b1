"""Clear whoever was examined and has no likely duplicate open, where the campaign waits for that; once."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage.clearing import take_uncleared
from enrolment.storage.locks import try_lock_matching
from enrolment.storage.row_security import Work, work_as
from mitra_shared.contracts.events import MitraClearedV1
from mitra_shared.ids import CampaignId, new_event_id
from mitra_shared.log import unit_of_work

AT_A_TIME: Final = 500


async def clear_people(
    engine: AsyncEngine, campaigns: Collection[CampaignId], now: datetime, *, at_most: int = AT_A_TIME
) -> int:
    """Clear a bounded number of people. Returns how many; ask again until 0.

    A freeze of the campaign stops the issuing, not this.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nobody was cleared by half.
    """
    if not campaigns:
        return 0
    async with unit_of_work(engine) as unit:
        if not await try_lock_matching(unit.connection):
            return 0
        await work_as(unit.connection, Work.MATCHER)
        people = await take_uncleared(unit.connection, campaigns, at_most=at_most)
        for person in people:
            unit.emit(
                MitraClearedV1(
                    event_id=new_event_id(),
                    campaign=person.campaign,
                    occurred_at=now,
                    mitra_id=person.mitra,
                    constituency=person.constituency,
                    segment=person.segment,
                )
            )
    return len(people)
