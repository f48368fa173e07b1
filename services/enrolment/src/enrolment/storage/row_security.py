"""As whom a transaction reads and writes people; Postgres holds to it where code forgets (migration 0003).

A transaction that says nothing sees nobody. A member of staff sees the people of areas that are granted, and
the machinery sees everybody, under the name of its work. Whoever works, a person is enrolled only where the
recruiter holds a grant.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller


class Work(StrEnum):
    """What the machinery does when it reads people of all areas."""

    INTAKE = "intake"
    """Looks whether phones are enrolled already."""
    OWN_DATA = "own-data"
    """Serves a person who proved by a code to be that person."""
    MESSAGES = "messages"
    """Opens phones to send to them; tells what came of messages."""
    IMPORTS = "imports"
    """Reads sheets; their rows go through the intake, so that it sees no people itself."""
    MATCHER = "matcher"
    """Opens names to find people who are enrolled twice; changes none of them."""
    UPKEEP = "upkeep"
    """Erases and forgets what is due; tells how a whole campaign stands, without names."""


class Grant(NamedTuple):
    """That a member of staff may work in a constituency."""

    staff: StaffId
    campaign: CampaignId
    area: AreaCode


_AS_WHOM: Final = text(
    """
    select coalesce(current_setting('mitra.staff', true), '') as staff,
           coalesce(current_setting('mitra.work', true), '') as work
    """
)
_ACT: Final = text("select set_config('mitra.staff', :staff, true), set_config('mitra.work', :work, true)")
_GRANT: Final = text(
    """
    insert into token_grant (staff, campaign, area, since)
    select new.staff, new.campaign, new.area, :at
    from unnest(cast(:staff as text[]), cast(:campaigns as text[]), cast(:areas as text[]))
        as new(staff, campaign, area)
    where not exists (select from staff where staff.id = new.staff)
    on conflict (staff, campaign, area) do update set since = token_grant.since
    returning staff, campaign, area
    """
)


async def act_as(connection: AsyncConnection, who: Caller | Work, campaign: CampaignId, at: datetime) -> None:
    """Until the end of the transaction, see and change people as `who`.

    What an operator minted a token for is granted by that; who has an account has the grants of that alone.
    """
    if isinstance(who, Work):
        await work_as(connection, who)
        return
    if who.session is None and who.area is not None:
        await grant_by_token(connection, {Grant(who.subject, campaign, who.area)}, at)
    await connection.execute(_ACT, {"staff": who.subject, "work": ""})


async def work_as(connection: AsyncConnection, work: Work) -> None:
    """Until the end of the transaction, see and change people of all campaigns for this work."""
    await connection.execute(_ACT, {"staff": "", "work": work})


@asynccontextmanager
async def working_as(connection: AsyncConnection, work: Work) -> AsyncIterator[None]:
    """Meanwhile see and change people of all campaigns for this work, and then as before."""
    before = (await connection.execute(_AS_WHOM)).one()
    await work_as(connection, work)
    yield
    await connection.execute(_ACT, {"staff": before.staff, "work": before.work})


async def grant_by_token(connection: AsyncConnection, asked: Collection[Grant], at: datetime) -> set[Grant]:
    """Note what tokens allow that were minted by operators. They give nothing to whoever has an account.

    Returns:
        What is granted, now or before.
    """
    staff, campaigns, areas = zip(*sorted(asked), strict=True)
    noted = {"staff": staff, "campaigns": campaigns, "areas": areas, "at": at}
    # What is there stays as it is, and is returned too, also if another transaction has just noted it.
    return {Grant(*row) for row in await connection.execute(_GRANT, noted)}
