"""Reading the log: heads, and pages of entries with the id of the entry before each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.log.append import Place


class Head(NamedTuple):
    """End of one partition, and `floor`: the position up to which its stream may have been trimmed.

    `rewrite` names the state of the entries that a stream must have been written from; see `log.rewrite`.
    """

    epoch: Epoch
    position: Position
    floor: Position
    rewrite: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event as it stands in the log. `previous` is the id of the entry before it."""

    place: Place
    event_id: UUID
    previous: UUID | None
    type: str
    key: str | None
    occurred_at: datetime
    traceparent: str | None
    payload: str


async def heads(connection: AsyncConnection, topic: Topic) -> dict[Partition, Head]:
    """The head of every partition."""
    rows = await connection.execute(
        text(
            f"select partition, epoch, position, floor, coalesce(cast(rewrite as text), '') as rewrite"  # noqa: S608
            f" from {topic.name}_head order by partition"
        )
    )
    return {row.partition: Head(row.epoch, row.position, row.floor, row.rewrite) for row in rows}


@cache
def _after(topic: Topic) -> TextClause:
    return text(
        f"""
        select log.partition, log.position, log.epoch, log.event_id, log.type, log.key, log.occurred_at,
               log.traceparent, cast(log.payload as text) as payload
        from unnest(cast(:partitions as smallint[]), cast(:positions as bigint[]))
            as want(partition, position)
        cross join lateral (
            select * from {topic.name}_log as entry
            where entry.partition = want.partition and entry.position >= want.position
            order by entry.position limit :rows
        ) as log
        """  # noqa: S608 - a topic's name is ours
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Entries after a position. `anchor` is the id at that position: None at 0, or if the log is shorter."""

    anchor: UUID | None
    entries: list[LogEntry]


async def pages_after(
    connection: AsyncConnection, topic: Topic, after: Mapping[Partition, Position], limit: int
) -> dict[Partition, Page]:
    """At most `limit` entries after each given position, with the id of the entry at that position."""
    rows = await connection.execute(
        _after(topic),
        {"partitions": list(after), "positions": list(after.values()), "rows": limit + 1},
    )
    pages = {partition: Page(None, []) for partition in after}
    for partition, of_partition in groupby(rows, key=lambda row: row.partition):
        anchor: UUID | None = None
        previous: UUID | None = None
        entries: list[LogEntry] = []
        for row in of_partition:
            if row.position == after[partition]:
                anchor = row.event_id
            else:
                entries.append(
                    LogEntry(
                        Place(row.partition, row.epoch, row.position),
                        row.event_id,
                        previous,
                        row.type,
                        row.key,
                        row.occurred_at,
                        row.traceparent,
                        row.payload,
                    )
                )
            previous = row.event_id
        pages[partition] = Page(anchor, entries[:limit])
    return pages


async def entry_at(
    connection: AsyncConnection, topic: Topic, partition: Partition, position: Position
) -> tuple[Epoch, UUID] | None:
    """Epoch and event id at a position, or None where the log does not reach."""
    row = (
        await connection.execute(
            text(
                f"select epoch, event_id from {topic.name}_log"  # noqa: S608 - a topic's name is ours
                " where partition = :partition and position = :position"
            ),
            {"partition": partition, "position": position},
        )
    ).one_or_none()
    return None if row is None else (row.epoch, row.event_id)
