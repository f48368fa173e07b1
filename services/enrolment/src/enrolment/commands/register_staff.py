"""Register staff who are known elsewhere, with their posts and without a login. Again, it changes nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.commands.posts import check_post, limits_of
from enrolment.domain.staff import Post, PostFilled
from enrolment.storage import staff
from enrolment.storage.locks import lock_posts
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import UnitOfWork, unit_of_work
from mitra_shared.security.tokens import Role


class OfAnotherCampaign(Exception):
    """Somebody of that id belongs to another campaign."""

    def __init__(self, person: StaffId) -> None:
        super().__init__(f"{person} is staff of another campaign")
        self.person = person


@dataclass(frozen=True, slots=True)
class RegisterStaff:
    """Everybody to register in one campaign, each id once."""

    definition: CampaignDefinition
    posts: dict[StaffId, Post]
    by: StaffId
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Registered:
    """How many were new, changed their post, or were as they should be."""

    added: int
    changed: int
    unchanged: int


async def register_staff(commands: Sequence[RegisterStaff], engine: AsyncEngine) -> Registered:
    """Register the staff of some campaigns, all or nobody.

    Raises:
        NoSuchPost: a campaign has no such area.
        PostFilled: more people than the campaign has room for.
        OfAnotherCampaign: an id is in use there.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    for command in commands:
        for post in command.posts.values():
            check_post(post, command.definition)

    async def register() -> Registered:
        counted = Counter[str]()
        async with unit_of_work(engine) as unit:
            for command in sorted(commands, key=lambda each: each.definition.id):
                counted.update(await _register(unit, command))
        return Registered(counted["added"], counted["changed"], counted["unchanged"])

    return await retrying(register)


async def _register(unit: UnitOfWork, command: RegisterStaff) -> Counter[str]:
    connection = unit.connection
    campaign, now, people = command.definition.id, command.asked_at, list(command.posts)
    await lock_posts(connection, campaign)
    added = await _add(connection, people, campaign, now)
    held = await _held(connection, people, campaign)
    changed = [person for person in people if held[person] not in {None, command.posts[person]}]
    granted = [person for person in people if held[person] != command.posts[person]]
    if changed:
        await staff.end_grants(connection, changed, now, command.by)
    if granted:
        posts = [command.posts[person] for person in granted]
        await staff.grant(connection, granted, campaign, posts, now, command.by)
        await _check_room(connection, command)
        await note(connection, What.REGISTERED, now, actor=command.by, campaign=campaign, people=len(granted))
        # Who held this very post before may have tokens for it that count again.
        await tell_standing(unit, granted, now)
    return Counter(added=added, changed=len(granted) - added, unchanged=len(people) - len(granted))


async def _add(
    connection: AsyncConnection, people: Sequence[StaffId], campaign: CampaignId, now: datetime
) -> int:
    result = await connection.execute(
        text(
            """
            insert into staff (id, campaign, state, created_at)
            select new.id, :campaign, 'active', :now from unnest(cast(:ids as text[])) as new(id)
            order by new.id on conflict (id) do nothing
            """
        ),
        {"ids": list(people), "campaign": campaign, "now": now},
    )
    return result.rowcount


async def _held(
    connection: AsyncConnection, people: Sequence[StaffId], campaign: CampaignId
) -> dict[StaffId, Post | None]:
    held: dict[StaffId, Post | None] = {}
    for account in await staff.find_many(connection, people):
        if account.campaign != campaign:
            raise OfAnotherCampaign(account.id)
        held[account.id] = account.post
    return held


async def _check_room(connection: AsyncConnection, command: RegisterStaff) -> None:
    limits = limits_of(command.definition)
    rooms = {Role.IN_CHARGE: limits.in_charges, Role.CO_IN_CHARGE: limits.co_in_charges}
    if crowded := await staff.crowded(connection, command.definition.id, rooms):
        raise PostFilled(*crowded)
