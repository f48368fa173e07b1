"""Hand the people whom somebody has in care over to another member of staff of the constituency."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import care
from enrolment.storage.locks import lock_posts
from enrolment.storage.row_security import act_as
from enrolment.storage.staff_record import What, note
from mitra_shared.database import retrying
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


class NeverAtWork(Exception):
    """Who should hand over neither works nor worked in the constituency."""


class NotAtWork(Exception):
    """Who should take over does not work in the constituency, or is suspended."""


@dataclass(frozen=True, slots=True)
class HandOverPeople:
    """Whose people go to whom."""

    leaving: StaffId
    taking: StaffId
    campaign: CampaignId
    area: AreaCode
    by: Caller
    asked_at: datetime


async def hand_over_people(command: HandOverPeople, engine: AsyncEngine) -> int:
    """Hand over everybody who has not withdrawn. Asking again moves nobody.

    Returns:
        How many changed hands.

    Raises:
        NeverAtWork, NotAtWork: see there; nobody changed hands.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _hand_over(command, engine))


async def _hand_over(command: HandOverPeople, engine: AsyncEngine) -> int:
    campaign, area = command.campaign, command.area
    async with unit_of_work(engine) as unit:
        # Until this is done, nobody's post ends.
        await lock_posts(unit.connection, campaign)
        await act_as(unit.connection, command.by, campaign, command.asked_at)
        if not await care.was_at_work(unit.connection, command.leaving, campaign, area):
            raise NeverAtWork
        if not await care.is_at_work(unit.connection, command.taking, campaign, area):
            raise NotAtWork
        moved = await care.hand_over(
            unit.connection, campaign, area, leaving=command.leaving, to=command.taking
        )
        if moved:
            await note(
                unit.connection,
                What.PEOPLE_HANDED_OVER,
                command.asked_at,
                actor=command.by.subject,
                staff=command.leaving,
                campaign=campaign,
                to=command.taking,
                area=area,
                people=moved,
            )
    return moved
