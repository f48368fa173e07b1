"""What can be read of likely duplicates: pairs of one constituency, without names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import likely_duplicates
from enrolment.storage.row_security import act_as
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


async def listed(
    engine: AsyncEngine, campaign: CampaignId, caller: Caller, now: datetime, *, is_open: bool
) -> Sequence[Row[Any]]:
    """Pairs that an in-charge decides: open ones, or those decided."""
    if caller.area is None:
        return []
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, campaign, now)
        return await likely_duplicates.listed(unit.connection, campaign, caller.area, is_open=is_open)
