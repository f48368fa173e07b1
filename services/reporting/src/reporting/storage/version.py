"""The rollup version: one counter for all commits, so that 'what changed since' has one answer.

Its row is locked from here to the commit, so versions are in commit order. A version is at least the
milliseconds since 1970 of the database's clock: after a restore to an earlier point, new commits still get
higher versions than any that a subscriber has seen on the lost branch.
"""

from typing import Final, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

CHANNEL: Final = "rollups"
"""NOTIFY channel of every commit that changed a rollup or a position."""

_TAKE = text(
    """
    update rollup_version
    set version = greatest(version + 1, cast(:above as bigint) + 1,
                           cast(extract(epoch from clock_timestamp()) * 1000 as bigint))
    returning version, pg_notify(:channel, '')
    """
)
INCARNATION: Final = """
    (select concat(oid, ' since ', extract(epoch from pg_postmaster_start_time()))
     from pg_database where datname = current_database())
"""
"""Changes whenever the database may have been put back to an earlier point: the server or it began anew."""

_BEGIN_WHOLE = text(
    f"""
    update rollup_version set whole_since = version, incarnation = {INCARNATION}
    where incarnation <> {INCARNATION}
    """  # noqa: S608 - a constant of ours
)
_ALL_CHANGED = text("update rollup_version set whole_since = version")
_ANNOUNCE = text("select pg_notify(:channel, '')")


async def take_version(connection: AsyncConnection, *, above: int = 0) -> int:
    """The version of this transaction, higher than `above` and than every committed one; announced too."""
    taken = await connection.execute(_TAKE, {"above": above, "channel": CHANNEL})
    return cast("int", taken.scalar_one())


async def begin_whole(connection: AsyncConnection) -> None:
    """Take a version since which everything counts as changed, if the database has a new incarnation."""
    await take_version(connection)
    await connection.execute(_BEGIN_WHOLE)


async def count_all_as_changed(connection: AsyncConnection) -> None:
    """From the version that this transaction took on; whoever follows reads everything again."""
    await connection.execute(_ALL_CHANGED)


async def announce(connection: AsyncConnection) -> None:
    """Wake publishers and API processes when this transaction commits."""
    await connection.execute(_ANNOUNCE, {"channel": CHANNEL})
