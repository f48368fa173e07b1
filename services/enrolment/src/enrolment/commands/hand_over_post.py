"""Hand a post over: one grant ends and the other begins in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.posts import check_appointer
from enrolment.commands.suspend_staff import StaffNotFound
from enrolment.domain.staff import Appointer, Post, may_appoint, may_move
from enrolment.storage import sessions, staff
from enrolment.storage.locks import lock_posts
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import unit_of_work


class NothingToHandOver(Exception):
    """Who should hand over holds no post."""


class CannotTakeOver(Exception):
    """Who should take over cannot; the message says why."""


@dataclass(frozen=True, slots=True)
class HandOverPost:
    """Whose post goes to whom."""

    leaving: StaffId
    taking: StaffId
    campaign: CampaignId
    by: StaffId
    who: Appointer
    asked_at: datetime


async def hand_over_post(command: HandOverPost, engine: AsyncEngine) -> Post:
    """Hand over. Who leaves is signed out everywhere; who takes over goes on in the new role.

    Raises:
        StaffNotFound: there is nobody of the first id whose post is theirs to fill.
        NotYourPost: the post is another's to fill; recorded.
        NothingToHandOver: that person holds no post.
        CannotTakeOver: nobody of the second id, suspended, or in a post that is not the caller's to end.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with engine.connect() as connection:
        account = await staff.find(connection, command.leaving)
    if account is not None and account.campaign == command.campaign and account.post is not None:
        await check_appointer(
            engine,
            command.who,
            account.post,
            campaign=command.campaign,
            by=command.by,
            at=command.asked_at,
        )
    return await retrying(lambda: _hand_over(command, engine))


async def _hand_over(command: HandOverPost, engine: AsyncEngine) -> Post:
    async with unit_of_work(engine) as unit:
        connection, now = unit.connection, command.asked_at
        await lock_posts(connection, command.campaign)
        people = {a.id: a for a in await staff.find_many(connection, [command.leaving, command.taking])}
        leaving, taking = people.get(command.leaving), people.get(command.taking)
        if leaving is None or leaving.campaign != command.campaign:
            raise StaffNotFound
        post = leaving.post
        if post is None:
            raise NothingToHandOver
        if not may_appoint(command.who, post):
            raise StaffNotFound
        if taking is None or taking.campaign != command.campaign:
            raise CannotTakeOver("is nobody of the campaign's staff")
        if taking.id == leaving.id or taking.post == post:
            raise CannotTakeOver("holds this post already")
        if taking.is_suspended:
            raise CannotTakeOver("is suspended")
        if taking.is_erased and taking.post is None:
            raise CannotTakeOver("was erased and cannot sign in; invite with `replaces`")
        if not may_move(command.who, taking.post):
            raise CannotTakeOver("holds a post that is not yours to end")
        await sessions.end_all(connection, leaving.id, now, "handed over")
        await staff.end_grants(connection, [leaving.id, taking.id], now, command.by)
        await staff.grant(connection, [taking.id], command.campaign, [post], now, command.by)
        await note(
            connection,
            What.HANDED_OVER,
            now,
            actor=command.by,
            staff=leaving.id,
            campaign=command.campaign,
            to=taking.id,
            role=post.role.value,
            area=post.area,
        )
        await tell_standing(unit, [leaving.id, taking.id], now)
    return post
