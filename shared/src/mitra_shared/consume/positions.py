"""Committed positions, and the compare-and-set that fences every transaction of a consumer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.topics import PARTITIONS, TOPICS, Topic
from mitra_shared.ids import Epoch, Partition, Position


class Source(NamedTuple):
    """One partition of one topic."""

    topic: Topic
    partition: Partition

    @property
    def stream(self) -> str:
        """Its Redis key."""
        return self.topic.stream(self.partition)


class Standing(NamedTuple):
    """How far a group is in a source: the last entry whose effects are committed."""

    epoch: Epoch
    position: Position
    event_id: UUID | None
    occurred_at: datetime | None

    @property
    def stream_id(self) -> str:
        """As an id of the stream; `0-0` before the first entry."""
        return f"{self.epoch}-{self.position}"


START = Standing(Epoch(0), Position(0), None, None)


class Move(NamedTuple):
    """A step of a source's position inside a transaction."""

    source: Source
    expected: Standing
    reached: Standing


class Fenced(Exception):
    """Somebody else moved a position that this process believed its own: nothing of the batch may commit."""


async def ensure_positions(connection: AsyncConnection, group: str, topics: Iterable[Topic]) -> None:
    """Create the positions of a group that has none yet, before the first entry."""
    await connection.execute(
        text(
            f"""
            insert into consumer_position ("group", topic, partition, epoch, position)
            select :group, topic, partition, 0, 0
            from unnest(cast(:topics as text[])) as topic, generate_series(0, {PARTITIONS - 1}) as partition
            on conflict do nothing
            """  # noqa: S608 - a number of ours
        ),
        {"group": group, "topics": [topic.name for topic in topics]},
    )


async def read_positions(
    connection: AsyncConnection, group: str, partitions: Iterable[Partition]
) -> tuple[dict[Source, Standing], frozenset[Partition]]:
    """The standings of a group in `partitions`, and the partitions an operator wants rebuilt."""
    rows = await connection.execute(
        text(
            "select topic, partition, epoch, position, event_id, occurred_at, rebuild_requested_at"
            ' from consumer_position where "group" = :group and partition = any(:partitions)'
        ),
        {"group": group, "partitions": list(partitions)},
    )
    standings: dict[Source, Standing] = {}
    rebuild: set[Partition] = set()
    for row in rows:
        source = Source(TOPICS[row.topic], row.partition)
        standings[source] = Standing(row.epoch, row.position, row.event_id, row.occurred_at)
        if row.rebuild_requested_at is not None:
            rebuild.add(row.partition)
    return standings, frozenset(rebuild)


_MOVE = text(
    """
    update consumer_position as p
    set epoch = new.epoch, position = new.position, event_id = new.event_id, occurred_at = new.occurred_at
    from unnest(cast(:topics as text[]), cast(:partitions as smallint[]),
                cast(:expected_epochs as integer[]), cast(:expected as bigint[]),
                cast(:epochs as integer[]), cast(:positions as bigint[]),
                cast(:event_ids as uuid[]), cast(:occurred as timestamptz[]))
        as new(topic, partition, expected_epoch, expected, epoch, position, event_id, occurred_at)
    where p."group" = :group and p.topic = new.topic and p.partition = new.partition
      and p.epoch = new.expected_epoch and p.position = new.expected and p.rebuild_requested_at is null
    """
)


async def move_positions(connection: AsyncConnection, group: str, moves: Sequence[Move]) -> None:
    """Compare and set every position of a batch: first in the transaction, before any effect.

    Raises:
        Fenced: one of them is not where it was expected.
    """
    moved = await connection.execute(
        _MOVE,
        {
            "group": group,
            "topics": [m.source.topic.name for m in moves],
            "partitions": [m.source.partition for m in moves],
            "expected_epochs": [m.expected.epoch for m in moves],
            "expected": [m.expected.position for m in moves],
            "epochs": [m.reached.epoch for m in moves],
            "positions": [m.reached.position for m in moves],
            "event_ids": [m.reached.event_id for m in moves],
            "occurred": [m.reached.occurred_at for m in moves],
        },
    )
    if moved.rowcount != len(moves):
        raise Fenced(f"{len(moves) - moved.rowcount} of {len(moves)} positions were moved by somebody else")


async def restart_partition(
    connection: AsyncConnection,
    group: str,
    partition: Partition,
    standings: Mapping[Source, Standing],
    reason: str,
) -> None:
    """Put a partition of all topics back before the first entry and record why; effects are forgotten beside.

    Raises:
        Fenced: a position is not where it was expected.
    """
    stood = ", ".join(f"{source.stream} at {s.stream_id}" for source, s in sorted(standings.items(), key=str))
    moved = await connection.execute(
        text(
            """
            update consumer_position as p
            set epoch = 0, position = 0, event_id = null, occurred_at = null, rebuild_requested_at = null
            from unnest(cast(:topics as text[]), cast(:epochs as integer[]), cast(:positions as bigint[]))
                as old(topic, epoch, position)
            where p."group" = :group and p.partition = :partition
              and p.topic = old.topic and p.epoch = old.epoch and p.position = old.position
            """
        ),
        {
            "group": group,
            "partition": partition,
            "topics": [source.topic.name for source in standings],
            "epochs": [s.epoch for s in standings.values()],
            "positions": [s.position for s in standings.values()],
        },
    )
    if not standings or moved.rowcount != len(standings):
        raise Fenced(f"partition {partition} was moved by somebody else")
    await connection.execute(
        text('delete from dead_letter where "group" = :group and partition = :partition'),
        {"group": group, "partition": partition},
    )
    await connection.execute(
        text(
            'insert into consumer_restart ("group", partition, reason, stood_at)'
            " values (:group, :partition, :reason, :stood)"
        ),
        {"group": group, "partition": partition, "reason": reason, "stood": stood},
    )
