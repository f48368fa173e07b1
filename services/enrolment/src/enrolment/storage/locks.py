"""Advisory locks of this database, in one place so that no two mean the same number."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import CampaignId, MitraId, StaffId

_INTAKE: Final = 0x4D49_5452_4102
_UPKEEP: Final = 0x4D49_5452_4103
_MATCHING: Final = 0x4D49_5452_4104
_BROADCASTS: Final = 0x4D49_5452_4105
_SHEETS: Final = 0x4D49_5452_4106
_POSTS: Final = 0x4D49_5453
"""With the campaign as its second half."""
_OUTREACH: Final = 0x4D49_5454
"""With the member of staff as its second half."""
_DRAFTS: Final = 0x4D49_5455
"""With the author as its second half."""
_PEOPLE: Final = 0x4D49_5450
"""With the person as its second half."""


_BY_INDEX_ONLY: Final = ", ".join(
    f"set_config('{setting}', 'off', true)"
    for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
)
"""Plans are kept for the life of a connection. One made while a table was small would later read all of a
large one for every group."""
_LOCK_INTAKE: Final = text(
    f"select {_BY_INDEX_ONLY}, set_config('mitra.work', 'intake', true), pg_advisory_xact_lock(:lock)"
)


async def lock_intake(connection: AsyncConnection) -> None:
    """Until the end of the transaction, no other group of enrolments and no change of campaign commits.

    Taken before anything is read: what is read afterwards is what it is committed against. The transaction
    reads by index only, and people of all areas.
    """
    await connection.execute(_LOCK_INTAKE, {"lock": _INTAKE})


async def try_lock_upkeep(connection: AsyncConnection) -> bool:
    """Whether this transaction does the periodic work; False: another process is at it."""
    taken: bool = (
        await connection.execute(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": _UPKEEP})
    ).scalar_one()
    return taken


async def lock_upkeep(connection: AsyncConnection) -> None:
    """Until the end of the transaction, no periodic work is done."""
    await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _UPKEEP})


async def try_lock_matching(connection: AsyncConnection) -> bool:
    """Whether this transaction examines people or clears them; False: another process is at it."""
    taken: bool = (
        await connection.execute(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": _MATCHING})
    ).scalar_one()
    return taken


async def lock_matching(connection: AsyncConnection) -> None:
    """Until the end of the transaction, nobody is examined or cleared."""
    await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _MATCHING})


async def lock_broadcasts(connection: AsyncConnection) -> None:
    """Until the end of the transaction, no other broadcast is prepared."""
    await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _BROADCASTS})


async def lock_sheets(connection: AsyncConnection, *, shared: bool = False) -> None:
    """Until the end of the transaction nobody is erased out of sheets, or (not `shared`) enrolled from one.

    Whoever looks afterwards whether a row still holds its person sees every erasure that came before.
    """
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    await connection.execute(text(f"select {lock}(:lock)"), {"lock": _SHEETS})


async def lock_posts(connection: AsyncConnection, campaign: CampaignId) -> None:
    """Until the end of the transaction, nobody else fills a post of the campaign."""
    await connection.execute(
        text("select pg_advisory_xact_lock(:lock, hashtext(:campaign))"),
        {"lock": _POSTS, "campaign": campaign},
    )


async def lock_outreach(connection: AsyncConnection, staff: StaffId) -> None:
    """Until the end of the transaction, no other report of this member of staff is written."""
    await connection.execute(
        text("select pg_advisory_xact_lock(:lock, hashtext(:staff))"), {"lock": _OUTREACH, "staff": staff}
    )


async def lock_drafts(connection: AsyncConnection, author: StaffId) -> None:
    """Until the end of the transaction, no other broadcast of this author is drafted."""
    await connection.execute(
        text("select pg_advisory_xact_lock(:lock, hashtext(:author))"), {"lock": _DRAFTS, "author": author}
    )


async def lock_people(
    connection: AsyncConnection, mitras: Collection[MitraId], *, shared: bool = False
) -> None:
    """Until the end of the transaction nobody erases these people, or (not `shared`) tells contacts of them.

    An advisory lock, because one on the row would leave in the row which transaction held it.
    """
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    await connection.execute(
        text(
            f"select {lock}(:lock, person.hash) from (select hashtext(cast(id as text)) as hash"  # noqa: S608
            " from unnest(cast(:mitras as uuid[])) as asked(id) order by hash) as person"
        ),
        {"lock": _PEOPLE, "mitras": list(mitras)},
    )
