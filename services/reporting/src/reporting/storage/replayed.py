"""The rollups as the logs alone give them: temporary tables of one session, beside the live ones.

They bear the names of the live tables and hide them in that session, so that what writes the consumers'
batches (`storage.counters`) fills them as it is. They are gone with the session, however it ends.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Partition
from reporting.domain.cells import Difference
from reporting.storage.counters import write
from reporting.storage.forgetting import take_away
from reporting.storage.tables import (
    campaign_known,
    places_beside,
    rollup_answer,
    rollup_day,
    rollup_fieldwork,
    rollup_recruiter,
    rollup_round,
    rollup_total,
)

LIVE: Final = "public"
"""Schema of the live tables."""
COUNTED: Final = (
    rollup_total,
    rollup_day,
    rollup_recruiter,
    rollup_fieldwork,
    rollup_round,
    rollup_answer,
    places_beside,
)
"""Tables whose rows are sums of differences."""

_ALONE: Final = text("select pg_try_advisory_lock(hashtext('rebuild of reporting'))")
_SETTINGS: Final = (
    "set temp_buffers = '128MB'",
    # The tables of the whole campaign are compared at once, and between statements logs are read.
    "set statement_timeout = '120s'",
    "set idle_in_transaction_session_timeout = '60s'",
)
_NO_VERSION: Final = 0
"""Nobody follows these tables."""


def told_of(table: Table) -> list[str]:
    """The columns of a table that its cells are told by: all but the version."""
    return [column.name for column in table.columns if column.name != "version"]


def differing(table: Table) -> str:
    """Name of the temporary table that holds what the live one lacks, cell by cell."""
    return f"differing_{table.name}"


async def is_alone(connection: AsyncConnection) -> bool:
    """Whether no other session rebuilds; from now on until this session ends, none can."""
    return bool((await connection.execute(_ALONE)).scalar_one())


async def begin_beside(connection: AsyncConnection) -> None:
    """Make the tables, empty. From now on a name in this session means one of them, unless `LIVE` is said.

    Must run inside a transaction that the caller commits.
    """
    for setting in _SETTINGS:
        await connection.execute(text(setting))
    for table in (*COUNTED, campaign_known):
        await connection.execute(
            text(
                f"create temporary table {table.name}"
                f" (like {LIVE}.{table.name} including defaults including indexes)"
            )
        )
    for table in COUNTED:
        of_live = f"select {', '.join(told_of(table))} from {LIVE}.{table.name} with no data"  # noqa: S608
        await connection.execute(text(f"create temporary table {differing(table)} as {of_live}"))


async def write_beside(connection: AsyncConnection, topic: Topic, change: Difference) -> None:
    """Add what events of `topic` counted."""
    await write(connection, topic, change, _NO_VERSION)


async def forget_beside(connection: AsyncConnection, topics: Iterable[Topic], partition: Partition) -> None:
    """Take away what one partition of these topics added."""
    for topic in topics:
        await take_away(connection, topic, partition, _NO_VERSION)
