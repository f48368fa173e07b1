"""Dead letters: events that could not be applied, and later events of the same subject parked behind them.

`poison` waits for an operator; `parked` waits for its poison; `redrive` is to be played again, in order, by
the owner of the partition; `done` and `discarded` are history.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.consume.positions import Source
from mitra_shared.consume.reading import Item, item_of
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import TOPICS
from mitra_shared.ids import Partition, Position
from mitra_shared.relay.wire import Received, StreamId

OPEN = "('poison', 'parked', 'redrive')"


class Subject(NamedTuple):
    """Whose events wait: a Mitra in one source; None: a single event without a subject."""

    source: Source
    subject: UUID | None


class Letters(NamedTuple):
    """What is open in some partitions: subjects to park, and subjects to play again."""

    parked: frozenset[Subject]
    redrive: tuple[Subject, ...]


def subject_of(source: Source, item: Item) -> Subject:
    """Whose event it is; of an unreadable one nobody's."""
    return Subject(source, item.event.subject if isinstance(item.event, Event) else None)


async def open_letters(connection: AsyncConnection, group: str, partitions: Iterable[Partition]) -> Letters:
    """Subjects with open letters of a group in `partitions`.

    Events that were parked while their poison was being discarded have nothing left to wait for: they are
    played as if that had been asked for.
    """
    rows = await connection.execute(
        text(
            f"""
            select topic, partition, subject,
                   bool_or(state = 'redrive') or not bool_or(state = 'poison') as redrive
            from dead_letter
            where "group" = :group and partition = any(:partitions) and state in {OPEN}
            group by topic, partition, subject
            """  # noqa: S608 - a constant of ours
        ),
        {"group": group, "partitions": list(partitions)},
    )
    subjects = [(Subject(Source(TOPICS[r.topic], r.partition), r.subject), r.redrive) for r in rows]
    return Letters(
        frozenset(subject for subject, _ in subjects if subject.subject is not None),
        tuple(subject for subject, redrive in subjects if redrive),
    )


async def put_away(
    connection: AsyncConnection, group: str, source: Source, items: Sequence[Item], *, state: str, error: str
) -> None:
    """Record events as `poison` or `parked`, in the transaction that moves the position past them."""
    await connection.execute(
        text(
            """
            insert into dead_letter ("group", topic, partition, epoch, position, event_id, type, subject,
                                     payload, state, error, attempts)
            values (:group, :topic, :partition, :epoch, :position, :event_id, :type, :subject,
                    :payload, :state, :error, :attempts)
            """
        ),
        [
            {
                "group": group,
                "topic": source.topic.name,
                "partition": source.partition,
                "epoch": item.place.epoch,
                "position": item.place.position,
                "event_id": item.received.event_id,
                "type": type(item.event).__name__,
                "subject": subject_of(source, item).subject,
                "payload": item.payload.decode(errors="replace"),
                "state": state,
                "error": error,
                "attempts": 1 if state == "poison" else 0,
            }
            for item in items
        ],
    )


async def letters_of(connection: AsyncConnection, group: str, whose: Subject) -> list[tuple[int, Item]]:
    """The open letters of a subject, locked, in the order of the log.

    Without a subject only those an operator asked to play again: they do not wait for each other.
    """
    only = "and state = 'redrive'" if whose.subject is None else ""
    rows = await connection.execute(
        text(
            f"""
            select id, epoch, position, event_id, payload from dead_letter
            where "group" = :group and topic = :topic and partition = :partition
              and subject is not distinct from :subject and state in {OPEN} {only}
            order by epoch, position for update
            """  # noqa: S608 - constants of ours
        ),
        {
            "group": group,
            "topic": whose.source.topic.name,
            "partition": whose.source.partition,
            "subject": whose.subject,
        },
    )
    return [
        (
            row.id,
            item_of(
                whose.source.topic,
                whose.source,
                Received(StreamId(row.epoch, row.position), row.event_id, None, row.payload.encode()),
            ),
        )
        for row in rows
    ]


async def hold_position(connection: AsyncConnection, group: str, source: Source) -> Position:
    """Where a group stands in a source; until the end of the transaction nobody moves it."""
    held = await connection.execute(
        text(
            "select position from consumer_position"
            ' where "group" = :group and topic = :topic and partition = :partition for share'
        ),
        {"group": group, "topic": source.topic.name, "partition": source.partition},
    )
    return Position(held.scalar_one())


async def close_letters(connection: AsyncConnection, ids: Sequence[int], played_after: Position) -> None:
    """Mark letters as done, all at one instant: their effects follow upon that position of their source."""
    await connection.execute(
        text(
            "update dead_letter set state = 'done', attempts = attempts + 1, played_after = :position,"
            " played_at = (select clock_timestamp()) where id = any(:ids)"
        ),
        {"ids": list(ids), "position": played_after},
    )


async def fail_again(connection: AsyncConnection, letter: int, error: str) -> None:
    """A letter failed once more: it is poison again, and the rest of its subject goes on waiting."""
    await connection.execute(
        text(
            """
            update dead_letter as waiting
            set state = case when waiting.id = :letter then 'poison' else 'parked' end,
                error = case when waiting.id = :letter then :error else waiting.error end,
                attempts = waiting.attempts + case when waiting.id = :letter then 1 else 0 end
            from dead_letter as failed
            where failed.id = :letter and waiting.state in ('redrive', 'parked')
              and waiting."group" = failed."group"
              and waiting.topic = failed.topic and waiting.partition = failed.partition
              and (waiting.id = failed.id or waiting.subject = failed.subject)
            """
        ),
        {"letter": letter, "error": error},
    )
