"""Forgetting what one partition of a topic added, so that a replay of it gives the same again."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Table, TextClause, delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.topics import CERTIFICATES, ENROLMENT, OPINIONS, Topic
from mitra_shared.ids import Partition
from mitra_shared.log import UnitOfWork
from reporting.domain.cells import METRICS_OF, Counted
from reporting.storage.tables import (
    TOTAL_COLUMNS,
    places_beside,
    rollup_answer,
    rollup_fieldwork,
    rollup_recruiter,
    rollup_round,
)
from reporting.storage.version import take_version


def _emptying(table: Table) -> TextClause:
    """Sets the counts of a partition's rows to zero and stamps them."""
    counts = [c.name for c in table.columns if not c.primary_key and c.name != "version"]
    return text(
        f"""
        update {table.name} set {", ".join(f"{name} = 0" for name in counts)}, version = :version
        where partition = :partition and ({" or ".join(f"{name} <> 0" for name in counts)})
        """  # noqa: S608 - names of ours
    )


_CELLS_OF: Final[Mapping[Topic, Sequence[Table]]] = {
    ENROLMENT: (rollup_recruiter, rollup_fieldwork),
    OPINIONS: (rollup_answer,),
}
_EMPTYING: Final = {ENROLMENT: _emptying(rollup_round), CERTIFICATES: _emptying(places_beside)}


async def forget(unit: UnitOfWork, topic: Topic, partition: Partition) -> None:
    """Take away exactly what one partition of `topic` added; a replay of it then gives the same again.

    Totals go to zero instead of away, so that whoever follows by version sees it happen.
    """
    await take_away(unit.connection, topic, partition, await take_version(unit.connection))


async def take_away(connection: AsyncConnection, topic: Topic, partition: Partition, version: int) -> None:
    """`forget`, as of a version that the caller has taken."""
    of_topic = [TOTAL_COLUMNS[Counted(metric)] for metric in METRICS_OF[topic]]
    await connection.execute(
        text(
            f"""
            update rollup_total set {", ".join(f"{column} = 0" for column in of_topic)}, version = :version
            where partition = :partition and ({" or ".join(f"{column} <> 0" for column in of_topic)})
            """  # noqa: S608 - columns of ours
        ),
        {"version": version, "partition": partition},
    )
    await connection.execute(
        text("delete from rollup_day where partition = :partition and topic = :topic"),
        {"partition": partition, "topic": topic.name},
    )
    for table in _CELLS_OF.get(topic, ()):
        await connection.execute(delete(table).where(table.c.partition == partition))
    if topic in _EMPTYING:
        await connection.execute(_EMPTYING[topic], {"version": version, "partition": partition})
    if topic == ENROLMENT:
        await connection.execute(
            text("delete from campaign_known where partition = :partition"), {"partition": partition}
        )
