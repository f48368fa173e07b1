"""Show two people who are likely one side by side, once that somebody looked is on record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import start_of_india_day
from enrolment.commands.look_at_mitra import FIELDS, LooksUsedUp
from enrolment.domain.duplicates import PairId
from enrolment.seals import Seals
from enrolment.storage import likely_duplicates, mitras
from enrolment.storage.row_security import act_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import looks_since, record
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller

_SHOWN = 3
"""Digits of a phone that are shown: enough to see whether two are the same."""


class PairNotFound(Exception):
    """There is no such pair for the caller to decide, or one of the two is gone."""


@dataclass(frozen=True, slots=True)
class LookAtDuplicate:
    """What an in-charge asks."""

    pair: PairId
    campaign: CampaignId
    caller: Caller
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. Of a person of another constituency neither name nor phone is shown."""

    mitra: MitraId
    name: str | None
    phone: str | None


async def find_pair(
    connection: AsyncConnection,
    pair: PairId,
    campaign: CampaignId,
    caller: Caller,
    *,
    for_update: bool = False,
) -> Row[Any]:
    """The row of a pair that is the caller's to decide.

    Raises:
        PairNotFound: there is none, or it is somebody else's.
    """
    row = await likely_duplicates.find(connection, pair, for_update=for_update)
    if row is None or row.campaign != campaign or row.constituency != caller.area or row.state == "gone":
        raise PairNotFound
    return row


async def look_at_duplicate(
    command: LookAtDuplicate, engine: AsyncEngine, seals: Seals, *, ration: int
) -> tuple[Side, Side]:
    """Record the look at those whom the caller may see, then open their names.

    Raises:
        PairNotFound: nothing that is the caller's to decide.
        LooksUsedUp: nothing was shown, and nothing recorded.
        sqlalchemy.exc.DBAPIError: the database is away; nothing was shown.
    """
    return await retrying(lambda: _look(command, engine, seals, ration))


async def _look(
    command: LookAtDuplicate, engine: AsyncEngine, seals: Seals, ration: int
) -> tuple[Side, Side]:
    caller = command.caller
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, command.campaign, command.asked_at)
        pair = await find_pair(unit.connection, command.pair, command.campaign, caller)
        rows = [await mitras.find_sealed(unit.connection, mitra) for mitra in (pair.earlier, pair.later)]
        seen = [row for row in rows if row is not None and row.withdrawn_at is None]
        if not seen:
            raise PairNotFound
        looks = [Look(caller.subject, caller.role, Purpose.DUPLICATE, row.id, FIELDS) for row in seen]
        await record(unit.connection, looks, command.asked_at)
        # Counted after it was recorded, because from there on looks wait for each other.
        since = start_of_india_day(command.asked_at)
        if await looks_since(unit.connection, caller.subject, since) > ration:
            raise LooksUsedUp
    opened = {row.id: row for row in seen}
    return (_side(pair.earlier, opened, seals), _side(pair.later, opened, seals))


def _side(mitra: MitraId, opened: dict[MitraId, Row[Any]], seals: Seals) -> Side:
    row = opened.get(mitra)
    if row is None:
        return Side(mitra, None, None)
    return Side(mitra, seals.open_name(row.name, row.id), _masked(seals.open_phone(row.phone, row.id)))


def _masked(phone: str) -> str:
    return "•" * (len(phone) - _SHOWN) + phone[-_SHOWN:]
