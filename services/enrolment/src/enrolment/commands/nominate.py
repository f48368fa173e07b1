"""Name somebody who may exercise the rights when the person no longer can; the last one named counts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.seals import Seals
from enrolment.storage import mitras, nominees
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import retrying
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class Nominate:
    """What the person asks; the name is clean, the phone in E.164 form."""

    mitra: MitraId
    name: str
    phone: str
    asked_at: datetime


async def nominate(command: Nominate, engine: AsyncEngine, seals: Seals) -> None:
    """Keep the nominee.

    Raises:
        MitraNotFound: the person is erased.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    await retrying(lambda: _nominate(command, engine, seals))


async def _nominate(command: Nominate, engine: AsyncEngine, seals: Seals) -> None:
    name, phone = seals.seal_nominee(command.name, command.phone, command.mitra)
    async with unit_of_work(engine) as unit:
        await work_as(unit.connection, Work.OWN_DATA)
        # Locked: nobody is named for a person whose erasure commits meanwhile.
        row = await mitras.find(unit.connection, command.mitra, for_update=True)
        if row is None or row.erased_at is not None:
            raise MitraNotFound
        await nominees.put(unit.connection, command.mitra, name, phone, command.asked_at)
