"""Keep the photo of the paper that a person signed. The same photo again gives the same answer.

Who enrolled the person, or has the person in care, sends it, once; the in-charge may put another one in its
place. It is pressed before the transaction that keeps it, and only for who may keep it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.commands.look_at_mitra import MitraGone, find_visible
from enrolment.photo_press import PhotoPress
from enrolment.seals import Seals
from enrolment.storage import paper_photos
from enrolment.storage.paper_photos import PhotoFacts
from enrolment.storage.row_security import act_as
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role


class NoSignedPaper(Exception):
    """The person agreed in another manner, so that there is no paper to have a photo of."""

    def __init__(self, manner: str) -> None:
        super().__init__(manner)
        self.manner = manner


class AnotherPhotoKept(Exception):
    """Another photo is there, and the caller may not put one in its place, or did not ask to."""


@dataclass(frozen=True, slots=True)
class KeepPaperPhoto:
    """What a member of staff sends; `taken_on` is the day on which the photo was taken (India)."""

    mitra: MitraId
    campaign: CampaignId
    caller: Caller
    photo: bytes
    taken_on: date
    asked_at: datetime
    replace: bool = False


async def keep_paper_photo(
    command: KeepPaperPhoto, engine: AsyncEngine, seals: Seals, press: PhotoPress
) -> PhotoFacts:
    """Keep it, sealed, without anything but the picture.

    Raises:
        MitraNotFound: nobody whom the caller may see.
        MitraGone: withdrawn; nothing more is taken in of the person.
        NoSignedPaper: the person signed none.
        AnotherPhotoKept: there is one already.
        UnfitPhoto: it cannot be taken.
        PressBusy: too many at once; asking again is safe.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    digest = seals.paper_photo_digest(command.mitra, command.photo)

    async def look() -> PhotoFacts | None:
        async with unit_of_work(engine) as unit:
            await _row(unit.connection, command)
            return await _kept(unit.connection, command, digest)

    known = await retrying(look)
    if known is not None:
        return known
    pressed = await press.press(command.photo)
    about = PhotoFacts(digest, command.taken_on, command.caller.subject, command.asked_at)

    async def keep() -> PhotoFacts:
        async with unit_of_work(engine) as unit:
            # Locked: a withdrawal or an erasure is before this or after it, never beside it.
            row = await _row(unit.connection, command, for_update=True)
            kept = await _kept(unit.connection, command, digest)
            if kept is None:
                await paper_photos.put(
                    unit.connection, row.id, seals.seal_paper_photo(pressed, row.id), about
                )
            return kept or about

    return await retrying(keep)


async def _row(connection: AsyncConnection, command: KeepPaperPhoto, *, for_update: bool = False) -> Row[Any]:
    await act_as(connection, command.caller, command.campaign, command.asked_at)
    # The phone that enrolled the person may have waited for a network until after the person was handed over.
    row = await find_visible(
        connection,
        command.mitra,
        command.campaign,
        command.caller,
        for_update=for_update,
        though_handed_over=True,
    )
    if row.withdrawn_at is not None:
        raise MitraGone
    if row.consent_manner != "signed_paper":
        raise NoSignedPaper(row.consent_manner)
    return row


async def _kept(connection: AsyncConnection, command: KeepPaperPhoto, digest: bytes) -> PhotoFacts | None:
    """This very photo, if it is there; None where there is room for it."""
    kept = await paper_photos.facts(connection, command.mitra)
    if kept is None or kept.digest == digest:
        return kept
    if not (command.replace and command.caller.role is Role.IN_CHARGE):
        raise AnotherPhotoKept
    return None
