"""Following a rebuild: what a group has to replay, and how far it is; the same for streams.

The work is done by consumers and relays; here it is asked for and watched. Every number is a sum over
partitions: entries to apply or to carry, and how many of them are.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, STAFF, Topic
from mitra_shared.ids import Partition
from mitra_shared.log import unit_of_work
from mitra_shared.log.pages import Head, heads
from mitra_shared.ops.trouble import Trouble
from mitra_shared.relay.cursor import span_of
from mitra_shared.relay.wire import NotOurEntry

GROUPS: Final[Mapping[str, tuple[Topic, ...]]] = {
    "certificates": (ENROLMENT,),
    "credentials": (CERTIFICATES,),
    "reporting": (ENROLMENT, OPINIONS, CERTIFICATES, CUSTODY),
    "certificates-staff": (STAFF,),
    "reporting-staff": (STAFF,),
}
KEEPERS: Final = {
    ENROLMENT: "enrolment",
    OPINIONS: "enrolment",
    STAFF: "enrolment",
    CERTIFICATES: "certificates",
    CUSTODY: "certificates",
}
"""The service that keeps the log of each topic."""

Source = tuple[Topic, Partition]
Heads = Mapping[Source, Head]


class Progress(NamedTuple):
    """How far a rebuild is. `lacking` are the partitions that are not there yet, as people name them."""

    done: int
    total: int
    lacking: tuple[str, ...]


class NeverRan(Trouble):
    """The group has no positions: there is nothing to rebuild."""


class Rebuild(Protocol):
    """Something that was asked for and is watched."""

    async def progress(self) -> Progress:
        """How far it is."""
        ...

    async def excuse(self) -> str:
        """Why it may not be done yet."""
        ...


async def heads_of(logs: Mapping[str, AsyncEngine], sources: Iterable[Source]) -> dict[Source, Head]:
    """The heads of these partitions, from the database of the service that keeps each log."""
    wanted = list(sources)
    found: dict[Source, Head] = {}
    for topic in {topic for topic, _ in wanted}:
        async with logs[KEEPERS[topic]].connect() as connection:
            of_topic = await heads(connection, topic)
        found.update({(topic, partition): head for partition, head in of_topic.items()})
    return {source: found[source] for source in wanted}


class GroupRebuild:
    """One group that replays partitions up to the heads they had when it was asked."""

    def __init__(self, group: str, engine: AsyncEngine, targets: Heads) -> None:
        self._group = group
        self._engine = engine
        self._targets = targets

    async def request(self) -> None:
        """Ask the owners of the partitions to forget and replay them.

        Raises:
            NeverRan: the group has no positions.
        """
        partitions = sorted({partition for _, partition in self._targets})
        async with unit_of_work(self._engine) as unit:
            asked = await unit.connection.execute(
                text(
                    "update consumer_position"
                    " set rebuild_requested_at = coalesce(rebuild_requested_at, now())"
                    ' where "group" = :group and partition = any(:partitions)'
                ),
                {"group": self._group, "partitions": partitions},
            )
        if asked.rowcount == 0:
            raise NeverRan(f"{self._group} has never consumed anything: there is nothing to rebuild")

    async def has_run(self) -> bool:
        """Whether the group has positions."""
        return bool(await self._standings())

    async def excuse(self) -> str:
        """Why it may not be done yet."""
        if any(requested for _, requested in (await self._standings()).values()):
            return f"no consumer of {self._group} has taken it up: is it running? The request stands"
        return f"{self._group} is still replaying, and goes on by itself"

    async def progress(self) -> Progress:
        """How far the group has replayed."""
        standings = await self._standings()
        done, lacking = 0, []
        for source, target in self._targets.items():
            place, requested = standings.get(source, ((0, 0), False))
            reached = not requested and (target.position == 0 or place >= (target.epoch, target.position))
            if reached:
                done += target.position
            else:
                lacking.append(source[0].stream(source[1]))
                done += 0 if requested else min(place[1], target.position)
        return Progress(done, sum(head.position for head in self._targets.values()), tuple(lacking))

    async def _standings(self) -> dict[Source, tuple[tuple[int, int], bool]]:
        by_name = {topic.name: topic for topic in GROUPS[self._group]}
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "select topic, partition, epoch, position, rebuild_requested_at is not null as requested"
                    ' from consumer_position where "group" = :group'
                ),
                {"group": self._group},
            )
            standings = {
                (by_name[row.topic], row.partition): ((row.epoch, row.position), row.requested)
                for row in rows
                if row.topic in by_name
            }
        return {source: standing for source, standing in standings.items() if source in self._targets}


class StreamRebuild:
    """Streams that were deleted, and relays that build them again from the floors of their logs."""

    def __init__(self, logs: Mapping[str, AsyncEngine], redis: Mapping[Topic, Redis], targets: Heads) -> None:
        self._logs = logs
        self._redis = redis
        self._targets = targets

    async def request(self) -> None:
        """Delete the streams.

        Raises:
            RedisError: Redis is away, or the account may not delete them.
        """
        for topic, redis in self._redis.items():
            keys = [topic.stream(partition) for each, partition in self._targets if each == topic]
            if keys:
                await redis.delete(*keys)

    async def excuse(self) -> str:
        """Why it may not be done yet."""
        return "the relays have not built everything again: are they running? They go on by themselves"

    async def progress(self) -> Progress:
        """How far the relays have carried, and which streams are not gapless up to their heads yet."""
        now = await heads_of(self._logs, self._targets)
        done, total, lacking = 0, 0, []
        for (topic, partition), target in self._targets.items():
            floor = now[topic, partition].floor
            wanted = max(0, target.position - floor)
            carried, gapless = await _carried(self._redis[topic], topic.stream(partition), floor)
            total += wanted
            done += min(wanted, carried)
            if wanted and not (gapless and carried >= wanted):
                lacking.append(topic.stream(partition))
        return Progress(done, total, tuple(lacking))


async def _carried(redis: Redis, stream: str, floor: int) -> tuple[int, bool]:
    """How many entries after `floor` a stream holds, and whether it is gapless."""
    try:
        span = await span_of(redis, stream)
    except NotOurEntry:
        return 0, False
    if span is None:
        return 0, False
    return span.last.id.position - floor, span.is_gapless(floor)


def sources_of(topics: Collection[Topic], partitions: Collection[Partition]) -> list[Source]:
    """Every one of these partitions of every one of these topics."""
    return [(topic, partition) for topic in topics for partition in partitions]
