"""What the live rollups include, as of one snapshot: positions, what was put away, and restarts."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.consume.positions import Source, Standing, read_positions
from mitra_shared.contracts.topics import TOPICS
from mitra_shared.ids import Partition, Position
from reporting.storage.changes import GROUP
from reporting.storage.replayed import LIVE

_SNAPSHOT: Final = text("set transaction isolation level repeatable read")
_PUT_AWAY: Final = text(
    """
    select topic, partition, position from dead_letter
    where "group" = :group and partition = any(:partitions) and state <> 'done'
    """
)
_RESTARTS: Final = text(
    """
    select partition, max(id) as restart from consumer_restart
    where "group" = :group and partition = any(:partitions) group by partition
    """
)
_PLAYED: Final = text(
    """
    select position, payload from dead_letter
    where "group" = :group and topic = :topic and partition = :partition and position = any(:positions)
      and state = 'done'
    """
)
_OVERDRAWN: Final = text(
    f"""
    select campaign, round, question, answer, released, counted from (
        select campaign, round, question, answer, cast(sum(released) as bigint) as released,
               cast(sum(counted) as bigint) as counted
        from (
            select campaign, round, question, answer, counted as released, 0 as counted
            from {LIVE}.opinion_block
            union all
            select campaign, round, question, answer, 0, count from pg_temp.rollup_answer
        ) as both_ways
        group by campaign, round, question, answer
    ) as sums
    where released > counted order by 1, 2, 3, 4 limit 20
    """  # noqa: S608 - a constant of ours
)


class Applied(NamedTuple):
    """How far the consumers are, what they left out on the way, and the newest restart of each partition."""

    standings: dict[Source, Standing]
    put_away: dict[Source, set[Position]]
    restarts: dict[Partition, int]


class Overdrawn(NamedTuple):
    """An answer of which more was released than the logs hold."""

    campaign: str
    round: str
    question: str
    answer: str
    released: int
    counted: int


async def hold_snapshot(connection: AsyncConnection) -> None:
    """Let every statement of this transaction see one instant; the first thing in it."""
    await connection.execute(_SNAPSHOT)


async def read_applied(connection: AsyncConnection, partitions: Collection[Partition]) -> Applied:
    """What is included; inside a snapshot."""
    about = {"group": GROUP, "partitions": list(partitions)}
    standings, _ = await read_positions(connection, GROUP, partitions)
    put_away: dict[Source, set[Position]] = {source: set() for source in standings}
    for row in await connection.execute(_PUT_AWAY, about):
        put_away.setdefault(Source(TOPICS[row.topic], row.partition), set()).add(row.position)
    restarts = await read_restarts(connection, partitions)
    return Applied(standings, put_away, restarts)


async def read_restarts(
    connection: AsyncConnection, partitions: Collection[Partition]
) -> dict[Partition, int]:
    """The newest restart of each partition that ever began again."""
    rows = await connection.execute(_RESTARTS, {"group": GROUP, "partitions": list(partitions)})
    return {row.partition: row.restart for row in rows}


async def played_letters(
    connection: AsyncConnection, source: Source, positions: Collection[Position]
) -> dict[Position, str]:
    """Payloads of events that were put away and played after all."""
    rows = await connection.execute(
        _PLAYED,
        {
            "group": GROUP,
            "topic": source.topic.name,
            "partition": source.partition,
            "positions": list(positions),
        },
    )
    return {row.position: row.payload for row in rows}


async def overdrawn(connection: AsyncConnection) -> list[Overdrawn]:
    """Answers of which blocks release more than was replayed, some of them."""
    return [Overdrawn(*row) for row in await connection.execute(_OVERDRAWN)]
