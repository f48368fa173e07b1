"""Show the name and phone of one person to staff, once that they looked is on record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import start_of_india_day
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.domain.looking import Standing, may_look
from enrolment.seals import Seals
from enrolment.storage import mitras
from enrolment.storage.care import carer_of
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
        row = await find_visible(unit.connection, command.mitra, command.campaign, caller)
        if row.withdrawn_at is not None:
            raise MitraGone
        look = Look(caller.subject, caller.role, command.purpose, row.id, FIELDS)
        await put_on_record(unit.connection, look, command.asked_at, ration)
    return Seen(seals.open_name(row.name, row.id), seals.open_phone(row.phone, row.id))


async def find_visible(
    connection: AsyncConnection,
    mitra: MitraId,
    campaign: CampaignId,
    caller: Caller,
    *,
    for_update: bool = False,
    though_handed_over: bool = False,
) -> Row[Any]:
    """The row of a person whom the caller may see; `though_handed_over`: the recruiter always may.

    Raises:
        MitraNotFound: there is none.
    """
    row = await mitras.find_sealed(connection, mitra, for_update=for_update)
    if row is None or row.campaign != campaign:
        raise MitraNotFound
    carer = await carer_of(connection, row.id, row.recruiter)
    if though_handed_over and caller.subject == row.recruiter:
        carer = row.recruiter
    if not may_look(
        standing=Standing(caller.role),
        staff=caller.subject,
        area=caller.area,
        carer=carer,
        constituency=row.constituency,
    ):
        raise MitraNotFound
    return row


async def put_on_record(connection: AsyncConnection, look: Look, at: datetime, ration: int) -> None:
    """Record a look of staff, if it is within the ration; the last thing in a transaction.

    Raises:
        LooksUsedUp: it is not.
    """
    await record(connection, [look], at)
    # Counted after it was recorded, because from there on looks wait for each other.
    if await looks_since(connection, look.actor, start_of_india_day(at)) > ration:
        raise LooksUsedUp
