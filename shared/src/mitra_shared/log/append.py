"""Appending: lock the heads in order, take dense positions, insert. Last thing before a commit.

Two round trips whatever the number of entries. The locks are held until the commit, so positions are in
commit order and have no gaps.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.contracts.codec import encode
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import Topic, all_partitions, partition_of
from mitra_shared.ids import Epoch, Partition, Position


class Place(NamedTuple):
    """Where an entry stands: a caller can wait for it in reporting."""

    partition: Partition
    epoch: Epoch
    position: Position

    @property
    def stream_id(self) -> str:
        """The id of the entry in its Redis stream, `<epoch>-<position>`."""
        return f"{self.epoch}-{self.position}"


class Emitted(NamedTuple):
    """An event on its way into the log."""

    event: Event
    traceparent: str | None


def _lock_heads(topic: Topic) -> TextClause:
    return text(
        f"select partition, position, epoch from {topic.name}_head"  # noqa: S608 - a topic's name is ours
        " where partition = any(:partitions) order by partition for update"
    )


def _write(topic: Topic) -> TextClause:
    name = topic.name
    return text(
        f"""
        with moved as (
            update {name}_head as head set position = new.position
            from unnest(cast(:moved_partitions as smallint[]), cast(:moved_positions as bigint[]))
                as new(partition, position)
            where head.partition = new.partition
        ), appended as (
            insert into {name}_log (partition, position, epoch, event_id, type, key, subject, occurred_at,
                                    traceparent, payload)
            select * from unnest(
                cast(:partitions as smallint[]), cast(:positions as bigint[]), cast(:epochs as integer[]),
                cast(:event_ids as uuid[]), cast(:types as text[]), cast(:keys as text[]),
                cast(:subjects as uuid[]), cast(:occurred as timestamptz[]),
                cast(:traceparents as text[]), cast(:payloads as json[]))
        )
        select pg_notify('{name}_log', '')
        """  # noqa: S608 - a topic's name is ours
    )


_STATEMENTS: dict[Topic, tuple[TextClause, TextClause]] = {}


def _statements(topic: Topic) -> tuple[TextClause, TextClause]:
    if topic not in _STATEMENTS:
        _STATEMENTS[topic] = (_lock_heads(topic), _write(topic))
    return _STATEMENTS[topic]


def _spread(emitted: Sequence[Emitted]) -> list[tuple[Partition, int, Emitted]]:
    """(partition, index of the event, event) in append order; an event without a key goes everywhere."""
    spread: list[tuple[Partition, int, Emitted]] = []
    for index, entry in enumerate(emitted):
        key = entry.event.key
        partitions = all_partitions() if key is None else (partition_of(key),)
        spread.extend((partition, index, entry) for partition in partitions)
    return spread


async def append(connection: AsyncConnection, topic: Topic, emitted: Sequence[Emitted]) -> list[Place]:
    """Append events of one topic, in order.

    Returns:
        The place of each event; of an event that goes to every partition, its place in partition 0.
    """
    if not emitted:
        return []
    lock, write = _statements(topic)
    spread = _spread(emitted)
    counts = Counter(partition for partition, _, _ in spread)
    rows = await connection.execute(lock, {"partitions": sorted(counts)})
    heads = {row.partition: (row.position, row.epoch) for row in rows}
    last = {partition: position for partition, (position, _) in heads.items()}
    places: list[Place | None] = [None] * len(emitted)
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "partitions", "positions", "epochs", "event_ids", "types", "keys", "subjects", "occurred",
            "traceparents", "payloads",
        )
    }  # fmt: skip
    payloads: dict[int, str] = {}
    for partition, index, (event, traceparent) in spread:
        last[partition] += 1
        place = Place(partition, Epoch(heads[partition][1]), Position(last[partition]))
        places[index] = places[index] or place
        if index not in payloads:
            payloads[index] = encode(event).decode()
        columns["partitions"].append(partition)
        columns["positions"].append(place.position)
        columns["epochs"].append(place.epoch)
        columns["event_ids"].append(event.event_id)
        columns["types"].append(type(event).__name__)
        columns["keys"].append(event.key)
        columns["subjects"].append(event.subject)
        columns["occurred"].append(event.at)
        columns["traceparents"].append(traceparent if topic.traced else None)
        columns["payloads"].append(payloads[index])
    await connection.execute(
        write, {**columns, "moved_partitions": list(last), "moved_positions": list(last.values())}
    )
    return [place for place in places if place is not None]
