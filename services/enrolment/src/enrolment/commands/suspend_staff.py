"""Suspend somebody at once, and end a suspension."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.domain.staff import Appointer, may_suspend
from enrolment.storage import sessions, staff
from enrolment.storage.staff import Account
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import unit_of_work


class StaffNotFound(Exception):
    """There is nobody of that id whom the caller looks after."""


@dataclass(frozen=True, slots=True)
class SuspendStaff:
    """Who is suspended (or, `ends`, no longer) by whom. `campaign` of the token; None: any."""

    staff: StaffId
    campaign: CampaignId | None
    by: StaffId
    who: Appointer
    asked_at: datetime
    ends: bool = False


async def suspend_staff(command: SuspendStaff, engine: AsyncEngine) -> None:
    """Suspend: every session ends, and no token counts once this has returned. Again, it changes nothing.

    When a suspension ends, the person signs in again.

    Raises:
        StaffNotFound: nobody, or another's to suspend.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    await retrying(lambda: _suspend(command, engine))


async def _suspend(command: SuspendStaff, engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as unit:
        account = await staff_looked_after(
            unit.connection, command.staff, command.campaign, command.who, for_update=True
        )
        if account.is_suspended is not command.ends:
            return
        if not command.ends:
            await sessions.end_all(unit.connection, account.id, command.asked_at, "suspended")
        at = None if command.ends else command.asked_at
        await staff.set_suspension(unit.connection, account.id, at, None if command.ends else command.by)
        await note(
            unit.connection,
            What.RESTORED if command.ends else What.SUSPENDED,
            command.asked_at,
            actor=command.by,
            staff=account.id,
            campaign=account.campaign,
        )
        await tell_standing(unit, [account.id], command.asked_at)


async def staff_looked_after(
    connection: AsyncConnection,
    person: StaffId,
    campaign: CampaignId | None,
    who: Appointer,
    *,
    for_update: bool = False,
) -> Account:
    """The account of somebody who fills, or filled last, a post that is theirs to fill.

    Raises:
        StaffNotFound: there is none.
    """
    account = await staff.find(connection, person, for_update=for_update)
    if account is None or campaign not in {None, account.campaign}:
        raise StaffNotFound
    post = account.post or await staff.last_post(connection, person)
    if not may_suspend(who, post):
        raise StaffNotFound
    return account
