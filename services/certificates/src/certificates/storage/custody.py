"""Where the papers of a segment are, in numbers."""

from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId


class Papers(NamedTuple):
    """Counts of papers. `valid` are signed and not revoked; the others may be revoked since."""

    valid: int
    printed: int
    dispatched: int
    handed_over: int


_OF_SEGMENT: Final = text(
    """
    select (select count(*) from credential
            where campaign = :campaign and segment = :segment and revoked_at is null),
           (select count(*) from custody where campaign = :campaign and segment = :segment),
           (select count(dispatched_at) from custody where campaign = :campaign and segment = :segment),
           (select count(*) from hand_over where campaign = :campaign and segment = :segment)
    """
)


async def papers_of_segment(connection: AsyncConnection, campaign: CampaignId, segment: AreaCode) -> Papers:
    """How many papers of a segment are where."""
    rows = await connection.execute(_OF_SEGMENT, {"campaign": campaign, "segment": segment})
    return Papers(*rows.one())
