"""Invite somebody to a post: a secret that is shown once, good for seven days and for one person."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.commands.posts import check_appointer, check_holder, check_post, limits_of, recording_no_room
from enrolment.domain.staff import INVITATION_LIFETIME, Appointer, Limits, Post, check_room
from enrolment.storage import invitations, staff
from enrolment.storage.invitations import Invitation
from enrolment.storage.locks import lock_posts
from enrolment.storage.staff_record import What, note
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import unit_of_work

_SECRET_BYTES: Final = 24
_PREFIX: Final = "mit_"
LONGEST_SECRET: Final = 64


@dataclass(frozen=True, slots=True)
class InviteStaff:
    """Who invites to what; `replaces` names who leaves the post when the invitation is accepted."""

    campaign: CampaignId
    post: Post
    replaces: StaffId | None
    by: StaffId
    who: Appointer
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """The invitation, and the secret that is told this one time."""

    invitation: Invitation
    secret: str


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret; it is random enough for a plain hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def invite_staff(command: InviteStaff, definition: CampaignDefinition, engine: AsyncEngine) -> Invited:
    """Invite.

    Raises:
        NotYourPost: the post is another's to fill; recorded.
        NoSuchPost: the campaign has no such area.
        PostFilled: there is no room for one more; recorded.
        NobodyToReplace: who is to be replaced does not hold the post.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    await check_appointer(
        engine, command.who, command.post, campaign=command.campaign, by=command.by, at=command.asked_at
    )
    check_post(command.post, definition)
    async with recording_no_room(engine, campaign=command.campaign, by=command.by, at=command.asked_at):
        return await retrying(lambda: _invite(command, limits_of(definition), engine))


async def _invite(command: InviteStaff, limits: Limits, engine: AsyncEngine) -> Invited:
    secret = _PREFIX + token_urlsafe(_SECRET_BYTES)
    invitation = Invitation(
        id=uuid4(),
        campaign=command.campaign,
        post=command.post,
        replaces=command.replaces,
        invited_by=command.by,
        invited_at=command.asked_at,
        expires_at=command.asked_at + INVITATION_LIFETIME,
        withdrawn_at=None,
        accepted_at=None,
        accepted_by=None,
    )
    async with unit_of_work(engine) as unit:
        await lock_posts(unit.connection, command.campaign)
        if command.replaces is None:
            taken = await _taken(unit.connection, command)
            check_room(command.post, limits, taken=taken)
        else:
            await check_holder(unit.connection, command.replaces, command.campaign, command.post)
        await invitations.insert(unit.connection, invitation, secret_hash(secret))
        await note(
            unit.connection,
            What.INVITED,
            command.asked_at,
            actor=command.by,
            staff=command.replaces,
            campaign=command.campaign,
            invitation=invitation.id,
            role=command.post.role.value,
            area=command.post.area,
        )
    return Invited(invitation, secret)


async def _taken(connection: AsyncConnection, command: InviteStaff) -> int:
    holding = await staff.people_in(connection, command.campaign, command.post)
    waiting = await invitations.waiting_for(connection, command.campaign, command.post, command.asked_at)
    return holding + waiting
