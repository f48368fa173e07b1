"""What can be read of likely duplicates: pairs of one constituency, without names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import likely_duplicates
from mitra_shared.ids import AreaCode, CampaignId


async def listed(
    engine: AsyncEngine, campaign: CampaignId, constituency: AreaCode, *, is_open: bool
) -> Sequence[Row[Any]]:
    """Pairs that the in-charge of a constituency decides: open ones, or those decided."""
    async with engine.connect() as connection:
        return await likely_duplicates.listed(connection, campaign, constituency, is_open=is_open)
