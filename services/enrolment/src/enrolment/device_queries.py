"""What can be read of devices: how far each has synced, and what is missing."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import INDIA_ZONE
from enrolment.schemas import DeviceDay, DeviceDetails, DevicesTold, DeviceTold
from enrolment.storage import devices as storage
from enrolment.storage import paper_photos
from enrolment.storage.devices import DeviceRow
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import AreaCode, CampaignId, StaffId

_MOST_DEVICES = 1_000
_MOST_DAYS = 60


async def devices(
    engine: AsyncEngine, campaign: CampaignId, area: AreaCode | None, staff: StaffId | None
) -> DevicesTold:
    """Devices of a constituency; of one member of staff, unless `staff` is None."""
    if area is None:
        return DevicesTold(devices=[])
    async with engine.connect() as connection:
        rows = await storage.of_constituency(connection, campaign, area, staff, at_most=_MOST_DEVICES)
        papers = await _papers(connection, campaign, area, staff)
    return DevicesTold(devices=[_told(row, papers) for row in rows])


async def device(
    engine: AsyncEngine,
    device_id: UUID,
    campaign: CampaignId,
    area: AreaCode | None,
    staff: StaffId | None,
) -> DeviceDetails | None:
    """One device with its gaps and days, or None if it is not theirs to see."""
    async with engine.connect() as connection:
        row = await storage.find(connection, device_id)
        if (
            row is None
            or (row.campaign, row.constituency) != (campaign, area)
            or staff not in {None, row.staff}
        ):
            return None
        stands = await storage.stands(connection, row)
        days = await storage.days(connection, device_id, INDIA_ZONE, at_most=_MOST_DAYS)
        papers = await _papers(connection, campaign, row.constituency, row.staff)
    return DeviceDetails(
        **_told(row, papers).model_dump(),
        missing_ranges=list(stands.missing),
        listed_to=stands.listed_to,
        days=[DeviceDay(day=day, enrolled=enrolled, refused=refused) for day, enrolled, refused in days],
    )


async def _papers(
    connection: AsyncConnection, campaign: CampaignId, area: AreaCode, staff: StaffId | None
) -> Mapping[StaffId, int]:
    # Which papers came with a sheet is shown to no staff; here they are counted, and by recruiter alone.
    await work_as(connection, Work.UPKEEP)
    return await paper_photos.missing(connection, campaign, area, staff)


def _told(row: DeviceRow, papers: Mapping[StaffId, int]) -> DeviceTold:
    return DeviceTold(
        id=row.id,
        staff=row.staff,
        registered_at=row.registered_at,
        synced_at=row.synced_at,
        highest=row.highest,
        gapless=row.gapless,
        received=row.received,
        missing=row.highest - row.received,
        papers_without_photo=papers.get(row.staff, 0),
    )
