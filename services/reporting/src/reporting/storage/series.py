"""Reading what pace and flags are made of: people enrolled by area and day, and by recruiter and hour."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.cells import Counted
from reporting.domain.unusual import RecruiterHour

_SERIES = text(
    """
    select area, day, cast(sum(count) as bigint) as people from rollup_day
    where campaign = :campaign and metric = :metric and day <= :last
    group by area, day
    """
)
_HOURS = text(
    """
    select recruiter, area, day, hour, cast(sum(count) as bigint) as people from rollup_recruiter
    where campaign = :campaign and area = any(:areas) and day >= :since
    group by recruiter, area, day, hour
    """
)


async def read_series(
    connection: AsyncConnection, campaign: CampaignId, last: date
) -> dict[AreaCode, dict[date, int]]:
    """People enrolled in each leaf on each day until `last`."""
    found: dict[AreaCode, dict[date, int]] = {}
    for row in await connection.execute(
        _SERIES, {"campaign": campaign, "metric": str(Counted.ENROLLED), "last": last}
    ):
        found.setdefault(row.area, {})[row.day] = row.people
    return found


async def read_hours(
    connection: AsyncConnection, campaign: CampaignId, segments: Sequence[AreaCode], since: date
) -> list[RecruiterHour]:
    """People enrolled by recruiter and hour in these segments since a day."""
    rows = await connection.execute(_HOURS, {"campaign": campaign, "areas": list(segments), "since": since})
    return [RecruiterHour(row.recruiter, row.area, row.day, row.hour, row.people) for row in rows]
