"""Reports of outreach: one row for each member of staff, segment and day, which a correction replaces."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.outreach import Outreach
from mitra_shared.ids import AreaCode, CampaignId, StaffId

FIRST_DAY: Final = date.min


class Report(NamedTuple):
    """What stands of one day of one member of staff in one segment."""

    campaign: CampaignId
    staff: StaffId
    segment: AreaCode
    day: date
    constituency: AreaCode
    did: Outreach
    reported_at: datetime


class Cursor(NamedTuple):
    """The report that a page ended with; reports stand in this order."""

    day: date
    segment: str
    staff: str


START: Final = Cursor(FIRST_DAY, "", "")

_KEPT: Final = text(
    """
    select meetings, people_met, reported_at from outreach_report
    where campaign = :campaign and staff = :staff and segment = :segment and day = :day
    """
)
_KEEP: Final = text(
    """
    insert into outreach_report
        (campaign, staff, segment, day, constituency, meetings, people_met, reports, reported_at)
    values (:campaign, :staff, :segment, :day, :constituency, :meetings, :people_met, 1, :reported_at)
    on conflict (campaign, staff, segment, day) do update
        set meetings = excluded.meetings, people_met = excluded.people_met,
            reports = outreach_report.reports + 1, reported_at = excluded.reported_at
    """
)
_LISTED: Final = text(
    """
    select campaign, staff, segment, day, constituency, meetings, people_met, reported_at
    from outreach_report
    where campaign = :campaign and constituency = :constituency and day between :first and :last
      and (cast(:staff as text) is null or staff = :staff)
      and (day, segment, staff) > (:after_day, :after_segment, :after_staff)
    order by day, segment, staff limit :at_most
    """
)


async def find(connection: AsyncConnection, like: Report) -> Report | None:
    """What stands of the same day, segment and member of staff."""
    key = {"campaign": like.campaign, "staff": like.staff, "segment": like.segment, "day": like.day}
    row = (await connection.execute(_KEPT, key)).one_or_none()
    if row is None:
        return None
    return like._replace(did=Outreach(row.meetings, row.people_met), reported_at=row.reported_at)


async def keep(connection: AsyncConnection, report: Report) -> None:
    """Keep `report` in place of what stands."""
    did = report.did._asdict()
    await connection.execute(_KEEP, {k: v for k, v in report._asdict().items() if k != "did"} | did)


async def listed(
    connection: AsyncConnection,
    campaign: CampaignId,
    constituency: AreaCode,
    staff: StaffId | None,
    days: tuple[date, date],
    after: Cursor,
    at_most: int,
) -> Sequence[Report]:
    """Reports of a constituency from the first to the last day; of one member of staff, unless None."""
    rows = await connection.execute(
        _LISTED,
        {
            "campaign": campaign,
            "constituency": constituency,
            "staff": staff,
            "first": days[0],
            "last": days[1],
            "after_day": after.day,
            "after_segment": after.segment,
            "after_staff": after.staff,
            "at_most": at_most,
        },
    )
    return [_report(row) for row in rows]


def _report(row: Row[Any]) -> Report:
    did = Outreach(row.meetings, row.people_met)
    return Report(row.campaign, row.staff, row.segment, row.day, row.constituency, did, row.reported_at)
