"""Where a stream stands against its log: carry on after its end, rebuild it, or a fork was found."""

from typing import NamedTuple
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog import get_logger

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.log.fork import declare_fork
from mitra_shared.log.pages import Head, entry_at, heads
from mitra_shared.log.rewrite import word_key
from mitra_shared.log.unit_of_work import unit_of_work
from mitra_shared.relay.append_script import delete_stream
from mitra_shared.relay.wire import NotOurEntry, Received, StreamId, received
from mitra_shared.streams import ends_of, entry_with_id, last_entry, values_of

log = get_logger(__name__)


class Cursor(NamedTuple):
    """What the next append to a stream assumes.

    `position` and `event_id` are the last entry carried, `expected` the id the stream must end with, `word`
    what it must stand under (see `log.rewrite`). `reset` says that the stream is to be emptied in the same
    step, and put under `new_word`.
    """

    epoch: Epoch
    position: Position
    event_id: UUID | None
    expected: str
    word: str
    reset: bool = False
    new_word: str = ""


class Span(NamedTuple):
    """The ends and the length of a stream that has entries: enough to see a hole without reading them all."""

    length: int
    first: Received
    last: Received

    def is_gapless(self, floor: int) -> bool:
        """Whether the stream holds everything from `floor` + 1 (or before) to its last entry."""
        span = self.last.id.position - self.first.id.position + 1
        return self.first.id.position <= floor + 1 and self.length == span


async def span_of(redis: Redis, stream: str) -> Span | None:
    """The span of a stream; None if it has no entries.

    Raises:
        NotOurEntry: its first or last entry is foreign.
        ResponseError: the key holds something else than a stream.
    """
    ends = await ends_of(redis, stream)
    if ends is None or ends.first is None or ends.last is None:
        return None
    return Span(ends.length, received(*ends.first), received(*ends.last))


async def _tail_id(redis: Redis, stream: str) -> str:
    tail = await last_entry(redis, stream)
    return tail[0].decode() if tail else ""


async def _word(redis: Redis, stream: str) -> str:
    (word,) = await values_of(redis, [word_key(stream)])
    return word or ""


async def _from_floor(
    connection: AsyncConnection, topic: Topic, partition: Partition, head: Head, *, expected: str, word: str
) -> Cursor:
    at = await entry_at(connection, topic, partition, head.floor) if head.floor else None
    return Cursor(
        head.epoch, head.floor, at[1] if at else None, expected, word, reset=True, new_word=head.rewrite
    )


async def write_anew(engine: AsyncEngine, redis: Redis, topic: Topic, partition: Partition) -> Cursor:
    """Where to go on to write a stream again from the floor, under the word that its head has now.

    Entries keep their ids, so readers that hold a position wait until the stream has come to it again.
    """
    stream = topic.stream(partition)
    async with engine.connect() as connection:
        head = (await heads(connection, topic))[partition]
        word, expected = await _word(redis, stream), await _tail_id(redis, stream)
        return await _from_floor(connection, topic, partition, head, expected=expected, word=word)


async def _fork_point(
    connection: AsyncConnection, redis: Redis, topic: Topic, partition: Partition, span: Span, head: Head
) -> Position:
    """The last position at which stream and log hold the same event, by halving what they share."""
    high = min(span.last.id.position, head.position)
    low = min(span.first.id.position - 1, high)
    while low < high:
        middle = (low + high + 1) // 2
        ours = await entry_at(connection, topic, partition, Position(middle))
        theirs = await _event_at(redis, topic.stream(partition), span, middle)
        if ours is not None and ours[1] == theirs:
            low = middle
        else:
            high = middle - 1
    return Position(low)


async def _event_at(redis: Redis, stream: str, span: Span, position: int) -> UUID | None:
    """The event id at a position of the stream, under whichever epoch it stands there."""
    for epoch in range(span.last.id.epoch, span.first.id.epoch - 1, -1):
        found = await entry_with_id(redis, stream, str(StreamId(epoch, position)))
        if found is not None:
            return received(*found).event_id
    return None


async def locate(engine: AsyncEngine, redis: Redis, topic: Topic, partition: Partition) -> Cursor:
    """Compare a stream with its log and say where to go on.

    A stream that is gone, foreign or damaged is rebuilt from the floor. A sound stream whose end is not in
    the log proves that the database was restored to an earlier point: a new epoch begins at the fork.
    """
    stream = topic.stream(partition)
    async with unit_of_work(engine) as unit:
        head = (await heads(unit.connection, topic))[partition]
        word = await _word(redis, stream)
        try:
            span = await span_of(redis, stream)
        except (NotOurEntry, ResponseError) as error:
            log.error("stream is damaged and will be rebuilt", stream=stream, reason=str(error))
            if "WRONGTYPE" in str(error):
                await delete_stream(redis, stream)
                return await _from_floor(unit.connection, topic, partition, head, expected="", word="")
            expected = await _tail_id(redis, stream)
            return await _from_floor(unit.connection, topic, partition, head, expected=expected, word=word)
        if span is None:
            return await _from_floor(unit.connection, topic, partition, head, expected="", word=word)
        tail = span.last
        at = await entry_at(unit.connection, topic, partition, Position(tail.id.position))
        if at == (tail.id.epoch, tail.event_id) and span.is_gapless(head.floor):
            return Cursor(Epoch(tail.id.epoch), Position(tail.id.position), tail.event_id, str(tail.id), word)
        lost = at is None or at[1] != tail.event_id
        if lost and span.is_gapless(Position(tail.id.position)) and head.epoch <= tail.id.epoch:
            fork = await _fork_point(unit.connection, redis, topic, partition, span, head)
            epoch = await declare_fork(
                unit.connection, topic, partition, fork=fork, seen=Epoch(tail.id.epoch)
            )
            log.critical(
                "the database was restored to an earlier point: a new epoch begins",
                stream=stream, fork=fork, epoch=epoch, lost_until=str(tail.id),
            )  # fmt: skip
            head = head._replace(epoch=epoch, floor=min(head.floor, fork))
        else:
            log.error("stream does not match its log and will be rebuilt", stream=stream, tail=str(tail.id))
        return await _from_floor(unit.connection, topic, partition, head, expected=str(tail.id), word=word)
