"""Putting right what differs: the live tables get what they lack, in one short transaction of its own.

What a cell lacks stays the same while consumers go on, since an event adds as much to the live count as to
the replayed one. So nothing has to stand still between the comparison and here, and consumers only wait for
the version, as they do for each other. A partition that was begun again in between is the one exception.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from reporting.storage.counters import adding, adding_stamped, adding_totals
from reporting.storage.differing import DefinitionDiffers, Found
from reporting.storage.opinions import lock_releases
from reporting.storage.replayed import LIVE, differing
from reporting.storage.tables import (
    TOTAL_COLUMNS,
    places_beside,
    rollup_answer,
    rollup_day,
    rollup_fieldwork,
    rollup_recruiter,
    rollup_round,
    rollup_total,
)
from reporting.storage.version import count_all_as_changed, take_version

_CELLS: Final = (rollup_day, rollup_recruiter, rollup_fieldwork, rollup_answer)
_STAMPED: Final = (rollup_round, places_beside)
_LIVE_FIRST: Final = text(f"set local search_path to {LIVE}, pg_temp")
_LOCK_TIMEOUT: Final = text("set local lock_timeout = '2s'")
_ADD_TOTALS: Final = adding_totals(tuple(TOTAL_COLUMNS.values()), differing(rollup_total))
_ADD_STAMPED: Final = {table: adding_stamped(table, differing(table)) for table in _STAMPED}
_ADD_CELLS: Final = {table: adding(table, differing(table)) for table in _CELLS}
_CLEAR: Final = {
    table: text(
        f"""
        delete from {table.name} using {differing(table)} as lacking
        where {" and ".join(f"{table.name}.{c.name} = lacking.{c.name}" for c in table.primary_key)}
          and {table.name}.count = 0
        """  # noqa: S608 - names of ours
    )
    for table in _CELLS
}
"""A cell that nothing in the logs counts into is not there."""

_FORGET_DEFINITION: Final = text(
    "delete from campaign_known where partition = :partition and campaign = :campaign and version = :seen"
)
_LEARN_DEFINITION: Final = text(
    """
    insert into campaign_known (partition, campaign, definition_version, definition, version)
    values (:partition, :campaign, :definition_version, :definition, :version)
    on conflict (partition, campaign) do update
    set definition_version = excluded.definition_version, definition = excluded.definition,
        version = excluded.version
    where campaign_known.version = :seen
    """
)


async def begin_mending(connection: AsyncConnection, found: Found) -> int:
    """Hold the version until the end of the transaction: nobody else adds or forgets meanwhile.

    In this transaction names mean the live tables again.

    Raises:
        sqlalchemy.exc.DBAPIError: whoever holds it took too long; the same work may be tried again.
    """
    await connection.execute(_LIVE_FIRST)
    await connection.execute(_LOCK_TIMEOUT)
    if rollup_answer.name in found.figures:
        await lock_releases(connection)
    return await take_version(connection)


async def mend(connection: AsyncConnection, found: Found, version: int) -> None:
    """Give the live tables what they lack; areas that show something else are stamped with `version`."""
    await _mend_definitions(connection, found.definitions, version)
    if rollup_total.name in found.figures:
        await connection.execute(_ADD_TOTALS, {"version": version})
    for table in _STAMPED:
        if table.name in found.figures:
            await connection.execute(_ADD_STAMPED[table], {"version": version})
    for table in _CELLS:
        if table.name in found.figures:
            await connection.execute(_ADD_CELLS[table])
            await connection.execute(_CLEAR[table])


async def _mend_definitions(
    connection: AsyncConnection, definitions: Collection[DefinitionDiffers], version: int
) -> None:
    """One that was learnt since it was compared is left as it is, for the next comparison."""
    for differs in definitions:
        about = {
            "partition": differs.partition,
            "campaign": differs.campaign,
            "seen": differs.live.version if differs.live else None,
        }
        if differs.replayed is None:
            await connection.execute(_FORGET_DEFINITION, about)
            continue
        told = differs.replayed._replace(version=version)
        await connection.execute(_LEARN_DEFINITION, about | told._asdict())
    if definitions:
        # A definition follows the version in it only forwards, so whoever follows has to begin anew.
        await count_all_as_changed(connection)
