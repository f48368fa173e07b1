"""Erase name, login, secrets and sessions of somebody who is out: asked for, or once the time is over.

What carries copies follows: the log tells that there is no name any more, the relay writes the stream anew,
and `commands.complete_erasures` sees to the rest.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.suspend_staff import staff_looked_after
from enrolment.domain.staff import Appointer
from enrolment.storage import former_staff, sessions, staff
from enrolment.storage.locks import lock_posts, try_lock_upkeep
from enrolment.storage.staff import Account
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.campaign.definition import Retention
from mitra_shared.contracts.topics import STAFF, partition_of
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import UnitOfWork, unit_of_work
from mitra_shared.log.rewrite import ask_for_rewrite

BY_TIME: Final = StaffId("upkeep")
"""Who ends the post of somebody who was suspended for so long."""


FROM_LEDGER: Final = StaffId("ledger")
"""Who ends the post of somebody who is erased once more in a restored database."""


class Again(Enum):
    """What came of erasing once more."""

    ERASED = auto()
    ERASED_BEFORE = auto()
    UNKNOWN = auto()


class StillStaff(Exception):
    """The person holds a post and is not suspended."""


@dataclass(frozen=True, slots=True)
class EraseStaff:
    """Who is erased, and who asks for it."""

    staff: StaffId
    campaign: CampaignId
    by: StaffId
    who: Appointer
    asked_at: datetime


async def erase_staff(command: EraseStaff, engine: AsyncEngine) -> None:
    """Erase at once; again, it changes nothing. The id stays, and whoever comes back begins with a new one.

    Raises:
        StaffNotFound: nobody, or another's to look after.
        StillStaff: suspend, or hand the post over first.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    await retrying(lambda: _erase_asked(command, engine))


async def _erase_asked(command: EraseStaff, engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as unit:
        # Before the account, as whoever fills a post takes both.
        await lock_posts(unit.connection, command.campaign)
        account = await staff_looked_after(
            unit.connection, command.staff, command.campaign, command.who, for_update=True
        )
        if account.is_erased:
            return
        if account.post is not None and not account.is_suspended:
            raise StillStaff
        await _erase(unit, account, command.by, command.asked_at)


async def erase_former_staff(engine: AsyncEngine, now: datetime) -> int:
    """Erase one of those who were out for as long as the campaign keeps what is personal.

    Returns:
        Whether there was one, as a number; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nobody is erased by half.
    """
    days = Retention().days_after_withdrawal
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        if not await try_lock_upkeep(connection):
            return 0
        former = await former_staff.due(connection, now, days=days)
        if former is None:
            return 0
        await lock_posts(connection, former.campaign)
        account = await staff.find(connection, former.staff, for_update=True)
        # Who was given a post a moment ago is not out any more.
        if account is not None and await former_staff.due(connection, now, days=days, only=account.id):
            await _erase(unit, account, BY_TIME, now)
    return 1


async def erase_again(who: StaffId, campaign: CampaignId, engine: AsyncEngine, now: datetime) -> Again:
    """Erase somebody who was erased before the database was restored, whatever post the backup tells of.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    async with unit_of_work(engine) as unit:
        await lock_posts(unit.connection, campaign)
        account = await staff.find(unit.connection, who, for_update=True)
        if account is None:
            return Again.UNKNOWN
        if account.is_erased:
            return Again.ERASED_BEFORE
        await _erase(unit, account, FROM_LEDGER, now)
    return Again.ERASED


async def _erase(unit: UnitOfWork, account: Account, by: StaffId, now: datetime) -> None:
    connection = unit.connection
    await sessions.end_all(connection, account.id, now, "erased")
    await staff.end_grants(connection, [account.id], now, by)
    await former_staff.scrub(connection, account.id, now)
    await note(connection, What.ERASED, now, actor=by, staff=account.id, campaign=account.campaign)
    await tell_standing(unit, [account.id], now)
    # From here on nobody else tells of staff: what was told meanwhile, with the name, is seen now.
    await former_staff.scrub_log(connection, account.id)
    await ask_for_rewrite(connection, STAFF, {partition_of(account.id)})
