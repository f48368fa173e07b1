"""What can be read: a person of one's own constituency, without name and phone."""

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.schemas import ConsentTold, MitraTold
from enrolment.storage import mitras
from mitra_shared.ids import AreaCode, CampaignId, MitraId


async def mitra(
    engine: AsyncEngine, mitra_id: MitraId, campaign: CampaignId, area: AreaCode | None
) -> MitraTold:
    """One person.

    Raises:
        MitraNotFound: not of this campaign and constituency, or nobody: a caller cannot tell which.
    """
    async with engine.connect() as connection:
        row = await mitras.find(connection, mitra_id)
    if row is None or (row.campaign, row.constituency) != (campaign, area):
        raise MitraNotFound
    return MitraTold(
        id=row.id,
        campaign=row.campaign,
        constituency=row.constituency,
        segment=row.segment,
        state="enrolled" if row.withdrawn_at is None else "withdrawn",
        recruiter=row.recruiter,
        basis=row.basis,
        schemes=row.schemes,
        language=row.language,
        consent=ConsentTold(notice_version=row.notice_version, language=row.notice_language),
        enrolled_at=row.enrolled_at,
        withdrawn_at=row.withdrawn_at,
    )
