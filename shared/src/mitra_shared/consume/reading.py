"""Reading: one blocking XREAD over all owned streams, checked for density against the positions."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from redis.asyncio import Redis

from mitra_shared.consume.positions import Source, Standing
from mitra_shared.contracts.codec import UnreadableEvent, decode
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Epoch, Position
from mitra_shared.log.append import Place
from mitra_shared.relay.wire import NotOurEntry, Received, StreamId, received
from mitra_shared.streams import RawEntry, last_entries, read_after

BATCH: Final = 1_000
"""Events in one transaction, at most, or one of each source: XREAD's COUNT is per stream."""

BLOCK_MS: Final = 1_000


class Item(NamedTuple):
    """One event to apply; `event` is the error where the payload could not be read."""

    place: Place
    payload: bytes
    received: Received
    event: Event | UnreadableEvent


class Run(NamedTuple):
    """Consecutive entries of one source that follow its standing without a gap."""

    source: Source
    after: Standing
    items: Sequence[Item]

    @property
    def reached(self) -> Standing:
        """The standing once the run is applied."""
        last = self.items[-1]
        at = last.event.at if isinstance(last.event, Event) else None
        return Standing(last.place.epoch, last.place.position, last.received.event_id, at)


class Poll(NamedTuple):
    """What one read yielded: runs to apply, and sources whose stream does not continue their standing."""

    runs: list[Run]
    gaps: list[Source]


def item_of(topic: Topic, source: Source, entry: Received) -> Item:
    """Decode an entry, keeping the error of one that cannot be read."""
    place = Place(source.partition, Epoch(entry.id.epoch), Position(entry.id.position))
    event: Event | UnreadableEvent
    try:
        event = decode(topic, entry.payload)
    except UnreadableEvent as error:
        event = error
    return Item(place, entry.payload, entry, event)


def continues(after: Standing, entry: Received) -> bool:
    """Whether `entry` is surely the one right after `after`: next position, same epoch, grown on that event.

    Whether a higher epoch forked behind `after`, or the source was begun again and holds the same events,
    only the log itself can tell. Before the first entry there is nothing to have been forked.
    """
    return (
        entry.id.position == after.position + 1
        and (entry.id.epoch == after.epoch or after.position == 0)
        and entry.previous == after.event_id
    )


def dense_run(source: Source, after: Standing, entries: Sequence[RawEntry]) -> tuple[Run, bool]:
    """The longest gapless run after a standing, and whether something stands behind it that does not fit."""
    items: list[Item] = []
    standing = after
    for raw_id, fields in entries:
        try:
            entry = received(raw_id, fields)
        except NotOurEntry:
            return Run(source, after, items), True
        if not continues(standing, entry):
            return Run(source, after, items), True
        items.append(item_of(source.topic, source, entry))
        standing = Standing(Epoch(entry.id.epoch), Position(entry.id.position), entry.event_id, None)
    return Run(source, after, items), False


class Reader:
    """Reads the sources of a group: all of them at once, and those that had much by themselves.

    What one partition tells falls on few rows, the same ones again and again, so a batch of one partition
    costs a database far less than a batch of all of them.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._full: deque[Source] = deque()

    async def read(self, standings: Mapping[Source, Standing], block_ms: int = BLOCK_MS) -> Poll:
        """What follows `standings`; empty after `block_ms` of silence.

        Every source is asked first; then each that gave all it was asked for has a read of its own.

        Raises:
            RedisError, OSError: try again later; nothing was taken.
        """
        while self._full:
            source = self._full.popleft()
            if source in standings:
                poll = await self._read({source: standings[source]}, BATCH, None)
                if poll.runs or poll.gaps:
                    return poll
        each = -(-BATCH // max(1, len(standings)))
        poll = await self._read(standings, each, block_ms)
        self._full.extend(run.source for run in poll.runs if len(run.items) >= each)
        return poll

    async def _read(self, standings: Mapping[Source, Standing], count: int, block_ms: int | None) -> Poll:
        by_stream = {source.stream.encode(): source for source in standings}
        after = {source.stream: standing.stream_id for source, standing in standings.items()}
        answer = await read_after(self._redis, after, count=count, block_ms=block_ms)
        runs: list[Run] = []
        gaps: list[Source] = []
        for raw_stream, entries in answer:
            source = by_stream[raw_stream]
            run, broken = dense_run(source, standings[source], entries)
            if run.items:
                runs.append(run)
            if broken:
                gaps.append(source)
        runs.sort(key=lambda run: (run.source.topic.name, run.source.partition))
        return Poll(runs, gaps)

    async def behind_or_gone(self, standings: Mapping[Source, Standing]) -> list[Source]:
        """Sources whose stream ends before the group's own standing: lost, or of another branch."""
        sources = list(standings)
        tails = await last_entries(self._redis, [source.stream for source in sources])
        suspicious: list[Source] = []
        for source, tail in zip(sources, tails, strict=True):
            standing = standings[source]
            end = StreamId.parse(tail[0]) if tail else StreamId(0, 0)
            if end < StreamId(standing.epoch, standing.position):
                suspicious.append(source)
        return suspicious
