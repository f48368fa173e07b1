"""Reading the counts of recruiters in some segments, enrolments and field work: in total, and day by day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from reporting.domain.cells import Counted

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
_FIELDWORK = text(
    """
    select staff, metric, area, cast(sum(count) as bigint) as counted from rollup_fieldwork
    where campaign = :campaign and area = any(:areas)
      and (cast(:recruiter as text) is null or staff = :recruiter)
    group by staff, metric, area
    """
)
_FIELDWORK_DAYS = text(
    """
    select staff, metric, day, cast(sum(count) as bigint) as counted from rollup_fieldwork
    where campaign = :campaign and area = any(:areas) and day between :first and :last
      and (cast(:recruiter as text) is null or staff = :recruiter)
    group by staff, metric, day
    """
)


@dataclass(slots=True)
class Fieldwork:
    """Contacts and outreach of one member of staff."""

    attempted: int = 0
    reached: int = 0
    meetings: int = 0
    met: int = 0

    def add(self, metric: str, count: int) -> None:
        """Count what a row of `rollup_fieldwork` tells."""
        match Counted(metric):
            case Counted.ATTEMPTED:
                self.attempted += count
            case Counted.REACHED:
                self.reached += count
            case Counted.MEETINGS:
                self.meetings += count
            case Counted.MET:
                self.met += count
            case other:
                raise ValueError(f"{other} is no field work")


def together(several: Iterable[Fieldwork]) -> Fieldwork:
    """The sum, count by count."""
    done = list(several)
    return Fieldwork(
        sum(each.attempted for each in done),
        sum(each.reached for each in done),
        sum(each.meetings for each in done),
        sum(each.met for each in done),
    )


@dataclass(slots=True)
class RecruiterCounts:
    """One recruiter's enrolments and field work: in all, by segment, and on the days that were asked for."""

    recruiter: StaffId
    enrolled: int = 0
    segments: dict[AreaCode, int] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)
    fieldwork: Fieldwork = field(default_factory=Fieldwork)
    fieldwork_by_segment: dict[AreaCode, Fieldwork] = field(default_factory=dict)
    fieldwork_by_day: dict[date, Fieldwork] = field(default_factory=dict)


async def read_recruiters(
    connection: AsyncConnection,
    campaign: CampaignId,
    segments: Sequence[AreaCode],
    *,
    first: date,
    last: date,
    only: StaffId | None = None,
) -> list[RecruiterCounts]:
    """Whoever worked in these segments, by id; with `only` that one alone, even if it did nothing."""
    asked = {"campaign": campaign, "areas": list(segments), "recruiter": only}
    found: dict[StaffId, RecruiterCounts] = {} if only is None else {only: RecruiterCounts(only)}

    def counts_of(recruiter: StaffId) -> RecruiterCounts:
        # Somebody's first figure may come between two of the statements.
        return found.setdefault(recruiter, RecruiterCounts(recruiter))

    for row in await connection.execute(_TOTALS, asked):
        counts = counts_of(row.recruiter)
        counts.segments[row.area] = row.counted
        counts.enrolled += row.counted
    for row in await connection.execute(_DAYS, asked | {"first": first, "last": last}):
        counts_of(row.recruiter).days[row.day] = row.counted
    for row in await connection.execute(_FIELDWORK, asked):
        counts = counts_of(row.staff)
        counts.fieldwork.add(row.metric, row.counted)
        counts.fieldwork_by_segment.setdefault(row.area, Fieldwork()).add(row.metric, row.counted)
    for row in await connection.execute(_FIELDWORK_DAYS, asked | {"first": first, "last": last}):
        by_day = counts_of(row.staff).fieldwork_by_day
        by_day.setdefault(row.day, Fieldwork()).add(row.metric, row.counted)
    return [found[recruiter] for recruiter in sorted(found)]
