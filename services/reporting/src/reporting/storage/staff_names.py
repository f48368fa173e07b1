"""Reading the sealed names of staff who hold, or held, a post in one constituency."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, StaffId

_NAMES: Final = text(
    """
    select staff, name from staff_standing
    where campaign = :campaign and staff = any(:people) and name is not null
      and (post ->> 'area' = :seat
           or exists (select from json_array_elements(former) as held(post)
                      where held.post ->> 'area' = :seat))
    """
)


async def read_sealed_names(
    connection: AsyncConnection, campaign: CampaignId, seat: AreaCode, people: Collection[StaffId]
) -> dict[StaffId, str]:
    """The sealed names of those of `people` who are, or were, of that area's staff."""
    rows = await connection.execute(_NAMES, {"campaign": campaign, "seat": seat, "people": list(people)})
    return {StaffId(row.staff): row.name for row in rows}
