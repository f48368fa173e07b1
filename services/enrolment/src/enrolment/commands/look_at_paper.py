"""Show the photo of a signed paper: to staff or to the person, once that they looked is on record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.look_at_mitra import MitraGone, find_visible, put_on_record
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.seals import Seals
from enrolment.storage import mitras, paper_photos
from enrolment.storage.row_security import Work, act_as, work_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import record
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller

FIELDS: Final = ("paper_photo",)
PERSON: Final = "person"
"""Actor and role, in the access record, of somebody who looks at the own data."""


class NoPhoto(Exception):
    """There is no photo of a paper of this person."""


@dataclass(frozen=True, slots=True)
class LookAtPaper:
    """What a member of staff asks."""

    mitra: MitraId
    campaign: CampaignId
    caller: Caller
    asked_at: datetime


async def look_at_paper(command: LookAtPaper, engine: AsyncEngine, seals: Seals, *, ration: int) -> bytes:
    """Record the look of a member of staff, then open the photo, a JPEG.

    Raises:
        MitraNotFound: nobody whom the caller may see.
        MitraGone: withdrawn.
        NoPhoto: there is none.
        LooksUsedUp: nothing was shown, and nothing recorded.
        sqlalchemy.exc.DBAPIError: the database is away; nothing was shown.
    """

    async def look() -> bytes:
        caller = command.caller
        async with unit_of_work(engine) as unit:
            await act_as(unit.connection, caller, command.campaign, command.asked_at)
            row = await find_visible(unit.connection, command.mitra, command.campaign, caller)
            if row.withdrawn_at is not None:
                raise MitraGone
            sealed = await paper_photos.sealed(unit.connection, row.id)
            if sealed is None:
                raise NoPhoto
            seen = Look(caller.subject, caller.role, Purpose.CONSENT, row.id, FIELDS)
            await put_on_record(unit.connection, seen, command.asked_at, ration)
        return sealed

    return seals.open_paper_photo(await retrying(look), command.mitra)


async def look_at_own_paper(mitra: MitraId, engine: AsyncEngine, seals: Seals, now: datetime) -> bytes:
    """Record that a person who proved to be that looks, then open the photo, a JPEG.

    Raises:
        MitraNotFound: everything personal is erased.
        NoPhoto: there is none.
        sqlalchemy.exc.DBAPIError: the database is away; nothing was shown.
    """

    async def look() -> bytes:
        async with unit_of_work(engine) as unit:
            await work_as(unit.connection, Work.OWN_DATA)
            row = await mitras.find(unit.connection, mitra)
            if row is None or row.erased_at is not None:
                raise MitraNotFound
            sealed = await paper_photos.sealed(unit.connection, mitra)
            if sealed is None:
                raise NoPhoto
            await record(unit.connection, [Look(PERSON, PERSON, Purpose.OWN_DATA, mitra, FIELDS)], now)
        return sealed

    return seals.open_paper_photo(await retrying(look), mitra)
