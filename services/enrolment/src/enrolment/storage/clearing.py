"""Who may be cleared: examined by the matcher, and in no open pair."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import CampaignId


async def take_uncleared(
    connection: AsyncConnection, campaigns: Collection[CampaignId], *, at_most: int
) -> Sequence[Row[Any]]:
    """Note that those are cleared who were examined and have no open pair. Returns them; they are locked.

    Whoever is held is looked at each time: in the order of the index on those who wait, and with the pairs
    hashed once, not joined by whatever way suits the statistics of yesterday.
    """
    rows = await connection.execute(
        text(
            """
            update examined set cleared_at = clock_timestamp()
            where mitra = any(array(
                select mitra from examined
                where campaign = any(:campaigns) and cleared_at is null
                  and mitra not in (select earlier from likely_duplicate where state = 'open' union all
                                    select later from likely_duplicate where state = 'open')
                order by campaign, mitra limit :at_most for update skip locked))
            returning mitra, campaign, constituency, segment
            """
        ),
        {"campaigns": list(campaigns), "at_most": at_most},
    )
    return rows.all()
