"""What can be read: a person of one's own constituency, without name and phone, and how far an erasure is."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.mitra_schemas import ConsentTold, ErasureTold, MitraTold, PaperPhotoTold
from enrolment.storage import erasures, mitras, paper_photos
from enrolment.storage.paper_photos import PhotoFacts
from enrolment.storage.row_security import act_as
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


async def mitra(
    engine: AsyncEngine, mitra_id: MitraId, campaign: CampaignId, caller: Caller, now: datetime
) -> MitraTold:
    """One person.

    Raises:
        MitraNotFound: not of this campaign and constituency, or nobody: a caller cannot tell which.
    """
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, campaign, now)
        row = await mitras.find(unit.connection, mitra_id)
        photo = await paper_photos.facts(unit.connection, mitra_id)
    if row is None or (row.campaign, row.constituency) != (campaign, caller.area):
        raise MitraNotFound
    return MitraTold(
        id=row.id,
        campaign=row.campaign,
        constituency=row.constituency,
        segment=row.segment,
        state=_state(row),
        recruiter=row.recruiter,
        basis=row.basis,
        schemes=row.schemes,
        language=row.language,
        consent=ConsentTold(
            notice_version=row.notice_version,
            language=row.notice_language,
            notice_hash=None if row.notice_hash is None else row.notice_hash.hex(),
            manner=row.consent_manner,
            given_at=row.enrolled_at,
            recorded_by=row.recruiter,
            paper_photo=None if photo is None else _photo(photo),
        ),
        enrolled_at=row.enrolled_at,
        withdrawn_at=row.withdrawn_at,
    )


def _photo(photo: PhotoFacts) -> PaperPhotoTold:
    return PaperPhotoTold(taken_on=photo.taken_on, kept_by=photo.kept_by, kept_at=photo.kept_at)


def _state(row: Row[Any]) -> Literal["enrolled", "withdrawn", "erased"]:
    if row.withdrawn_at is None:
        return "enrolled"
    return "withdrawn" if row.erased_at is None else "erased"


async def erasure(
    engine: AsyncEngine, mitra_id: MitraId, campaign: CampaignId, caller: Caller, now: datetime
) -> ErasureTold:
    """How far the erasure of a person is.

    Raises:
        MitraNotFound: not of this campaign and constituency, or nobody: a caller cannot tell which.
    """
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, campaign, now)
        row = await erasures.find(unit.connection, mitra_id)
    if row is None or (row.campaign, row.constituency) != (campaign, caller.area):
        raise MitraNotFound
    return ErasureTold(
        mitra_id=row.id,
        state=_progress(row),
        why=row.erasure_why,
        due_at=row.erase_at,
        noticed_at=row.erasure_noticed_at,
        erased_at=row.erased_at,
        completed_at=row.completed_at,
    )


def _progress(row: Row[Any]) -> Literal["not_planned", "planned", "noticed", "erased", "complete"]:
    if row.completed_at is not None:
        return "complete"
    if row.erased_at is not None:
        return "erased"
    if row.erasure_noticed_at is not None:
        return "noticed"
    return "not_planned" if row.erase_at is None else "planned"
