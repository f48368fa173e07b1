"""What every command asks that fills a post: is it there, is it theirs to fill, who holds it now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.domain.staff import LEVEL_OF, Appointer, Limits, NotYourPost, Post, PostFilled, may_appoint
from enrolment.storage import staff
from enrolment.storage.staff_record import What, note_refusal
from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.log import unit_of_work


class NoSuchPost(Exception):
    """The campaign has no such area, or it is of another level. `level` is the one that is needed."""

    def __init__(self, post: Post) -> None:
        super().__init__(f"there is no {post}")
        self.level = LEVEL_OF[post.role]


class NobodyToReplace(Exception):
    """Whoever is to be replaced does not hold the post."""


def limits_of(definition: CampaignDefinition) -> Limits:
    """How many people the campaign has room for."""
    return Limits(definition.staff.in_charges, definition.staff.co_in_charges)


def check_post(post: Post, definition: CampaignDefinition) -> None:
    """Refuse an area that the campaign does not have at the level of the role.

    Raises:
        NoSuchPost: with the level that is needed.
    """
    area = definition.by_code.get(post.area)
    if area is None or area.level is not LEVEL_OF[post.role]:
        raise NoSuchPost(post)


def nation_of(definition: CampaignDefinition) -> AreaCode:
    """The code of the area that headquarters is in charge of."""
    return definition.at_level(Level.NATION)[0].code


async def check_appointer(
    engine: AsyncEngine, who: Appointer, post: Post, *, campaign: CampaignId, by: StaffId, at: datetime
) -> None:
    """Refuse, and record, whoever reaches for a post that is not theirs to fill.

    Raises:
        NotYourPost: it is another's to fill.
    """
    if may_appoint(who, post):
        return
    await _note_refused(engine, post, campaign=campaign, by=by, at=at)
    raise NotYourPost(post)


@asynccontextmanager
async def recording_no_room(
    engine: AsyncEngine, *, campaign: CampaignId, by: StaffId, at: datetime
) -> AsyncIterator[None]:
    """Record who wanted one more in a post than there is room for; the transaction inside left nothing."""
    try:
        yield
    except PostFilled as filled:
        await _note_refused(engine, filled.post, campaign=campaign, by=by, at=at, limit=filled.limit)
        raise


async def _note_refused(
    engine: AsyncEngine, post: Post, *, campaign: CampaignId, by: StaffId, at: datetime, **facts: Any
) -> None:
    async with unit_of_work(engine) as unit:
        await note_refusal(
            unit.connection,
            What.REFUSED_APPOINTMENT,
            at,
            actor=by,
            campaign=campaign,
            role=post.role.value,
            area=post.area,
            **facts,
        )


async def check_holder(
    connection: AsyncConnection, person: StaffId, campaign: CampaignId, post: Post
) -> None:
    """Make sure that somebody holds a post, and goes on to until the end of the transaction.

    Raises:
        NobodyToReplace: not, or not any more.
    """
    account = await staff.find(connection, person, for_update=True)
    if account is None or (account.campaign, account.post) != (campaign, post):
        raise NobodyToReplace
