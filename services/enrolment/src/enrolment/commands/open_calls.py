"""Open names and phones of people who are due, for the calls of a day, once that is on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import start_of_india_day
from enrolment.commands.look_at_mitra import FIELDS, Seen
from enrolment.seals import Seals
from enrolment.storage import due
from enrolment.storage.due import Carer
from enrolment.storage.row_security import act_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import looks_since, record
from mitra_shared.database import retrying
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


class TooFewLooksLeft(Exception):
    """The caller may not look at so many more people today; `left` says at how many."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


@dataclass(frozen=True, slots=True)
class OpenCalls:
    """Whom a member of staff is about to call."""

    mitras: Sequence[MitraId]
    round: str
    carer: Carer
    caller: Caller
    asked_at: datetime


class Called(NamedTuple):
    """Somebody to call."""

    mitra: MitraId
    seen: Seen


async def open_calls(command: OpenCalls, engine: AsyncEngine, seals: Seals, *, ration: int) -> list[Called]:
    """Record a look at everybody, then open names and phones, in the order asked.

    Whoever is not in the caller's care, has withdrawn, or was reached in the round meanwhile is left out.

    Raises:
        TooFewLooksLeft: nothing was shown, and nothing recorded.
        sqlalchemy.exc.DBAPIError: the database is away; nothing was shown.
    """
    return await retrying(lambda: _open(command, engine, seals, ration))


async def _open(command: OpenCalls, engine: AsyncEngine, seals: Seals, ration: int) -> list[Called]:
    caller = command.caller
    since = start_of_india_day(command.asked_at)
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, command.carer.campaign, command.asked_at)
        rows = await due.to_call(unit.connection, command.carer, command.round, command.mitras)
        found = {row.id: row for row in rows}
        people = [mitra for mitra in dict.fromkeys(command.mitras) if mitra in found]
        if not people:
            return []
        seen_before = await looks_since(unit.connection, caller.subject, since)
        looks = [Look(caller.subject, caller.role, Purpose.CONTACT, mitra, FIELDS) for mitra in people]
        await record(unit.connection, looks, command.asked_at)
        # Counted after it was recorded, because from there on looks wait for each other.
        if await looks_since(unit.connection, caller.subject, since) > ration:
            raise TooFewLooksLeft(max(0, ration - seen_before))
    return [
        Called(mitra, Seen(seals.open_name(row.name, mitra), seals.open_phone(row.phone, mitra)))
        for mitra in people
        if (row := found[mitra])
    ]
