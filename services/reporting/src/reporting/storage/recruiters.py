"""Reading the counts of recruiters in some segments: in total, and day by day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, StaffId

_TOTALS = text(
    """
    select recruiter, area, cast(sum(count) as bigint) as counted from rollup_recruiter
    where campaign = :campaign and area = any(:areas)
      and (cast(:recruiter as text) is null or recruiter = :recruiter)
    group by recruiter, area
    """
)
_DAYS = text(
    """
    select recruiter, day, cast(sum(count) as bigint) as counted from rollup_recruiter
    where campaign = :campaign and area = any(:areas) and day between :first and :last
      and (cast(:recruiter as text) is null or recruiter = :recruiter)
    group by recruiter, day
    """
)


@dataclass(slots=True)
class RecruiterCounts:
    """Enrolments of one recruiter: in all, by segment, and on the days that were asked for."""

    recruiter: StaffId
    enrolled: int = 0
    segments: dict[AreaCode, int] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)


async def read_recruiters(
    connection: AsyncConnection,
    campaign: CampaignId,
    segments: Sequence[AreaCode],
    *,
    first: date,
    last: date,
    only: StaffId | None = None,
) -> list[RecruiterCounts]:
    """Whoever enrolled in these segments, by id; with `only` that one alone, even if it enrolled nobody."""
    asked = {"campaign": campaign, "areas": list(segments), "recruiter": only}
    found: dict[StaffId, RecruiterCounts] = {} if only is None else {only: RecruiterCounts(only)}
    for row in await connection.execute(_TOTALS, asked):
        counts = found.setdefault(row.recruiter, RecruiterCounts(row.recruiter))
        counts.segments[row.area] = row.counted
        counts.enrolled += row.counted
    for row in await connection.execute(_DAYS, asked | {"first": first, "last": last}):
        found[row.recruiter].days[row.day] = row.counted
    return [found[recruiter] for recruiter in sorted(found)]
