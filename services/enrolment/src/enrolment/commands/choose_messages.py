"""A person wants no more messages in bulk, or wants them again. What serves the person alone still comes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.storage import mitras
from enrolment.storage.merged import stays_enrolled
from enrolment.storage.row_security import Work, act_as, work_as
from enrolment.storage.staff_record import What, note
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


@dataclass(frozen=True, slots=True)
class ChooseMessages:
    """What the person wants, who proved to be that, or said so to somebody of the own constituency."""

    mitra: MitraId
    campaign: CampaignId
    by: Caller | Work
    wanted: bool
    asked_at: datetime


async def choose_messages(command: ChooseMessages, engine: AsyncEngine) -> datetime | None:
    """Note it; it takes effect with the next message. Asked again, it changes nothing.

    Who of the staff noted it is in the record of staff.

    Under an enrolment that was merged, none are wanted for the one that stays too; under that one alone they
    are wanted again.

    Returns:
        Since when there are none, under the enrolment that stays; None: they come.

    Raises:
        MitraNotFound: not of this constituency, or nobody.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _choose(command, engine))


async def _choose(command: ChooseMessages, engine: AsyncEngine) -> datetime | None:
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.by, command.campaign, command.asked_at)
        row = await mitras.find(unit.connection, command.mitra, for_update=True)
        if row is None or row.campaign != command.campaign or row.erased_at is not None:
            raise MitraNotFound
        if isinstance(command.by, Caller) and row.constituency != command.by.area:
            raise MitraNotFound
        if command.wanted:
            await mitras.set_messages_off(unit.connection, row.id, None)
            stays = await stays_enrolled(unit.connection, row)
            return None if stays is None else stays.messages_off_at
        since: datetime = row.messages_off_at or command.asked_at
        await mitras.set_messages_off(unit.connection, row.id, since)
        if isinstance(command.by, Caller) and row.messages_off_at is None:
            await note(
                unit.connection,
                What.MESSAGES_OFF,
                command.asked_at,
                actor=command.by.subject,
                campaign=command.campaign,
                mitra=str(row.id),
            )
        if row.merged_into is not None:
            # One person, wherever the enrolment that stays is.
            await work_as(unit.connection, Work.OWN_DATA)
            await mitras.set_messages_off(unit.connection, row.merged_into, command.asked_at)
        return since
