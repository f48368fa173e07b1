"""Show the name and phone of one person to staff, once that they looked is on record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import start_of_india_day
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.domain.looking import Standing, may_look
from enrolment.seals import Seals
from enrolment.storage import mitras
from enrolment.storage.row_security import act_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import looks_since, record
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller

FIELDS = ("name", "phone")


class MitraGone(Exception):
    """The person withdrew: the data is held for its erasure only, and used for nothing."""


class LooksUsedUp(Exception):
    """The caller has looked at as many people as may be in one day."""


@dataclass(frozen=True, slots=True)
class LookAtMitra:
    """What a member of staff asks, and why."""

    mitra: MitraId
    campaign: CampaignId
    caller: Caller
    purpose: Purpose
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's name and phone (E.164), in clear."""

    name: str
    phone: str


async def look_at_mitra(command: LookAtMitra, engine: AsyncEngine, seals: Seals, *, ration: int) -> Seen:
    """Record the look, then open what it is at.

    Args:
        command: who asks, and for what.
        engine: of the enrolment database.
        seals: open name and phone.
        ration: people a caller may look at in a day (India).

    Raises:
        MitraNotFound: nobody whom the caller may see.
        MitraGone: withdrawn.
        LooksUsedUp: nothing was shown, and nothing recorded.
        sqlalchemy.exc.DBAPIError: the database is away; nothing was shown.
    """
    return await retrying(lambda: _look(command, engine, seals, ration))


async def _look(command: LookAtMitra, engine: AsyncEngine, seals: Seals, ration: int) -> Seen:
    caller = command.caller
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, command.campaign, command.asked_at)
        row = await mitras.find_sealed(unit.connection, command.mitra)
        if (
            row is None
            or row.campaign != command.campaign
            or not may_look(
                standing=Standing(caller.role),
                staff=caller.subject,
                area=caller.area,
                recruiter=row.recruiter,
                constituency=row.constituency,
            )
        ):
            raise MitraNotFound
        if row.withdrawn_at is not None:
            raise MitraGone
        look = Look(caller.subject, caller.role, command.purpose, row.id, FIELDS)
        await record(unit.connection, [look], command.asked_at)
        # Counted after it was recorded, because from there on looks wait for each other.
        since = start_of_india_day(command.asked_at)
        if await looks_since(unit.connection, caller.subject, since) > ration:
            raise LooksUsedUp
    return Seen(seals.open_name(row.name, row.id), seals.open_phone(row.phone, row.id))
