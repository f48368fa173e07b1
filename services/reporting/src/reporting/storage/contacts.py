"""Reading rounds of contact: what was counted of each in every segment, and who was enrolled by its end."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.cells import ContactCounts, Counted

_CONTACTS = text(
    """
    select round, area, cast(sum(attempted) as bigint) as attempted, cast(sum(reached) as bigint) as reached
    from rollup_round where campaign = :campaign and round = any(:rounds)
    group by round, area
    """
)
_ENROLLED = text(
    """
    select ended.round, counted.area, cast(sum(counted.count) as bigint) as people
    from unnest(cast(:rounds as text[]), cast(:days as date[])) as ended(round, day)
    join rollup_day as counted
      on counted.campaign = :campaign and counted.metric = :metric and counted.day <= ended.day
    group by ended.round, counted.area
    """
)


async def read_contacts(
    connection: AsyncConnection, campaign: CampaignId, rounds: list[str]
) -> dict[str, dict[AreaCode, ContactCounts]]:
    """Contacts of these rounds by segment."""
    found: dict[str, dict[AreaCode, ContactCounts]] = {each: {} for each in rounds}
    for row in await connection.execute(_CONTACTS, {"campaign": campaign, "rounds": rounds}):
        found[row.round][row.area] = ContactCounts(row.attempted, row.reached)
    return found


async def read_enrolled_by(
    connection: AsyncConnection, campaign: CampaignId, days: Mapping[str, date]
) -> dict[str, dict[AreaCode, int]]:
    """People enrolled by segment until the day of each round, that day included."""
    found: dict[str, dict[AreaCode, int]] = {each: {} for each in days}
    asked = {"campaign": campaign, "metric": str(Counted.ENROLLED)}
    for row in await connection.execute(
        _ENROLLED, {**asked, "rounds": list(days), "days": list(days.values())}
    ):
        found[row.round][row.area] = row.people
    return found
