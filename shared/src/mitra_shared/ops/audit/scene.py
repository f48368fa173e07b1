"""The scene of an audit: heads, then streams, then one snapshot of each database, in this order.

Whatever is judged was committed before what it is judged against was read: streams after the heads they
must reach and before the logs they copy; consumers before the logs they have read. So an audit runs under
load and says nothing about what is still on its way.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

from redis.asyncio import Redis

from mitra_shared.ops.audit.snapshots import Snapshot, connect
from mitra_shared.ops.audit.sources import DATABASES, LOGS, POSITIONS, AuditSources, CannotAudit
from mitra_shared.ops.audit.streams_seen import Place, StreamSeen, Tip, look_at, places
from mitra_shared.streams import connect as connect_redis

Logged = tuple[int, str]
"""Epoch and event id, as text, at a position of a log."""

ATTEMPTS: Final = 5
"""A partition that begins a new epoch between two looks makes the scene be taken again."""

LOOK_SECONDS: Final = 0.05


class Head(NamedTuple):
    """End of one partition of a log; its stream may be trimmed up to `floor`."""

    epoch: int
    position: int
    floor: int


NO_HEAD: Final = Head(0, 0, 0)
"""A partition whose head is missing."""


class Standing(NamedTuple):
    """What a group has applied of one partition of a topic."""

    epoch: int
    position: int
    event_id: UUID | None
    rebuild_requested: bool


class Letter(NamedTuple):
    """An event that a group could not apply, or that waits behind one."""

    id: int
    topic: str
    partition: int
    position: int
    event_id: UUID
    subject: UUID | None
    state: str
    error: str
    played_after: int | None
    """Of one that was played in the end: the position of its source that its effects follow upon."""
    played_at: datetime | None


@dataclass
class Scene:
    """What the checks look at."""

    databases: Mapping[str, Snapshot]
    redis: Redis
    deep: bool
    before: dict[Place, Head] = field(default_factory=dict)
    """Heads as they were before the streams were looked at."""
    streams: dict[Place, StreamSeen] = field(default_factory=dict)
    heads: dict[Place, Head] = field(default_factory=dict)
    """Heads in the snapshots."""
    standings: dict[str, dict[Place, Standing]] = field(default_factory=dict)
    """By group."""
    letters: dict[str, list[Letter]] = field(default_factory=dict)
    """By group, in the order of the logs."""

    @property
    def enrolment(self) -> Snapshot:
        """The enrolment database: people, campaigns, and the logs of enrolments and opinions."""
        return self.databases["enrolment"]

    @property
    def certificates(self) -> Snapshot:
        """The certificates database, its log included."""
        return self.databases["certificates"]

    @property
    def reporting(self) -> Snapshot:
        """The reporting database."""
        return self.databases["reporting"]

    def keeper(self, topic: str) -> Snapshot:
        """The database that keeps a topic's log."""
        return self.databases[LOGS[topic]]

    def position(self, group: str, place: Place) -> int:
        """How far a group has applied a partition; 0 for one that never ran."""
        standing = self.standings[group].get(place)
        return standing.position if standing else 0

    def put_away(self, group: str, topic: str) -> list[Letter]:
        """Letters whose effects are missing: everything but what was played in the end."""
        return [letter for letter in self.letters[group] if letter.topic == topic and letter.state != "done"]

    async def take(self, patience: float) -> None:
        """Look at everything.

        Args:
            patience: seconds that relays have to bring the streams to where the logs were.
        """
        for _ in range(ATTEMPTS):
            for database in self.databases.values():
                await database.end()
            self.before = await self._heads()
            self.streams = await self._carried(patience)
            await self._snapshots()
            if all(self.heads[place].epoch == head.epoch for place, head in self.before.items()):
                return
        raise CannotAudit("logs kept beginning new epochs while they were looked at; try again later")

    async def _heads(self) -> dict[Place, Head]:
        heads: dict[Place, Head] = dict.fromkeys(places(LOGS), NO_HEAD)
        for topic in LOGS:
            query = f"select partition, epoch, position, floor from {topic}_head order by partition"  # noqa: S608
            for partition, *head in await self.keeper(topic).rows(query):
                heads[topic, partition] = Head(*head)
        return heads

    async def _carried(self, patience: float) -> dict[Place, StreamSeen]:
        """The streams, once each holds its log up to the head seen before, or `patience` is over."""
        deadline = monotonic() + patience
        seen: dict[Place, StreamSeen] = {}
        waiting = places(LOGS)
        while waiting:
            seen |= await look_at(self.redis, waiting)
            logged = await self.tips_in_log((place, seen[place].last) for place in waiting)
            waiting = [
                place
                for place in waiting
                if not _is_carried(self.before[place], seen[place], logged.get(place))
            ]
            if monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_SECONDS if waiting else 0)
        return seen

    async def tips_in_log(self, tips: Iterable[tuple[Place, Tip | None]]) -> dict[Place, Logged]:
        """What the logs hold at the positions of these entries of streams; places without are left out."""
        wanted = {place: tip.position for place, tip in tips if tip is not None}
        logged: dict[Place, Logged] = {}
        for topic in {topic for topic, _ in wanted}:
            of_topic = [(place[1], position) for place, position in wanted.items() if place[0] == topic]
            rows = await self.keeper(topic).rows(
                f"""
                select partition, epoch, event_id::text from {topic}_log as log
                join unnest($1::smallint[], $2::bigint[]) as asked(partition, position)
                  using (partition, position)
                """,  # noqa: S608 - a topic's name is ours
                [partition for partition, _ in of_topic],
                [position for _, position in of_topic],
            )
            logged.update({(topic, partition): (epoch, event_id) for partition, epoch, event_id in rows})
        return logged

    async def _snapshots(self) -> None:
        for name in reversed(DATABASES):
            await self.databases[name].begin()
            for group in (group for group, keeper in POSITIONS.items() if keeper == name):
                await self._read_group(group)
        self.heads = await self._heads()

    async def _read_group(self, group: str) -> None:
        database = self.databases[POSITIONS[group]]
        rows = await database.rows(
            "select topic, partition, epoch, position, event_id, rebuild_requested_at is not null"
            ' from consumer_position where "group" = $1',
            group,
        )
        self.standings[group] = {(topic, partition): Standing(*rest) for topic, partition, *rest in rows}
        rows = await database.rows(
            "select id, topic, partition, position, event_id, subject, state, error, played_after, played_at"
            ' from dead_letter where "group" = $1 order by topic, partition, epoch, position',
            group,
        )
        self.letters[group] = [Letter(*row) for row in rows]


def _is_carried(head: Head, seen: StreamSeen, logged: Logged | None) -> bool:
    """Whether a stream holds its log up to a head, by its last entry."""
    if seen.last is None:
        return not seen.foreign and head.position == head.floor
    return seen.last.position >= head.position and logged == (seen.last.epoch, seen.last.event_id)


@asynccontextmanager
async def scene_of(sources: AuditSources, *, deep: bool) -> AsyncIterator[Scene]:
    """A scene with open connections; `take` looks at it.

    Raises:
        CannotAudit: a database cannot be opened.
    """
    async with AsyncExitStack() as stack:
        databases: dict[str, Snapshot] = {}
        for name in DATABASES:
            databases[name] = await connect(name, sources.database(name))
            stack.push_async_callback(databases[name].close)
        redis = connect_redis(sources.redis)
        stack.push_async_callback(redis.aclose)
        yield Scene(databases, redis, deep)
