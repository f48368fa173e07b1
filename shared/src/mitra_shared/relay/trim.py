"""Trimming: streams keep a day, and never lose what a registered group has not committed.

The floor is written to the log's database before Redis forgets anything, so that a rebuilt stream begins
where the trimmed one did. A group announces itself in the hash `<topic>.groups` (group -> Unix seconds) and
shows its committed positions as the group's last-delivered id of each stream.
"""

from typing import Final, NamedTuple

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Partition, Position
from mitra_shared.log.pages import heads
from mitra_shared.log.unit_of_work import UnitOfWork, unit_of_work
from mitra_shared.relay.wire import StreamId
from mitra_shared.streams import committed_groups, hash_of

log = get_logger(__name__)

KEPT_HOURS: Final = 24
"""Hours that entries stay for readers outside, while memory allows; and after which a silent group goes."""

PRESSED_AT: Final = 0.6
"""Share of Redis's memory limit above which committed entries go at once."""

LOOK_AHEAD: Final = 20_000
"""Entries of a partition that one round may trim."""


class Policy(NamedTuple):
    """What Redis says of its memory."""

    eviction: str
    used: int
    limit: int

    @property
    def is_pressed(self) -> bool:
        """Whether memory is short enough to forget entries before their day is over."""
        return self.limit > 0 and self.used > PRESSED_AT * self.limit


async def memory_policy(redis: Redis) -> Policy:
    """Memory limit, use and eviction policy of the server."""
    info = await redis.info("memory")
    return Policy(info["maxmemory_policy"], info["used_memory"], info["maxmemory"])


def groups_key(topic: Topic) -> str:
    """The hash in which groups of a topic announce themselves."""
    return f"{topic.name}.groups"


async def _record_groups(unit: UnitOfWork, redis: Redis, topic: Topic, partition: Partition) -> None:
    announced = await hash_of(redis, groups_key(topic))
    groups = await committed_groups(redis, topic.stream(partition))
    committed = {name: StreamId.parse(raw) for name, raw in groups.items()}
    known = {name: int(at) for name, at in announced.items() if name in committed}
    await unit.connection.execute(
        text(
            f"""
            insert into {topic.name}_group as known ("group", partition, epoch, position, seen_at)
            select name, :partition, epoch, position, to_timestamp(seen)
            from unnest(cast(:names as text[]), cast(:epochs as integer[]), cast(:positions as bigint[]),
                        cast(:seen as bigint[])) as new(name, epoch, position, seen)
            on conflict ("group", partition) do update
            set epoch = excluded.epoch, position = excluded.position, seen_at = excluded.seen_at
            where (excluded.epoch, excluded.position) is distinct from (known.epoch, known.position)
               or excluded.seen_at > known.seen_at + interval '1 minute'
            """  # noqa: S608 - a topic's name is ours
        ),
        {
            "partition": partition,
            "names": list(known),
            "epochs": [committed[name].epoch for name in known],
            "positions": [committed[name].position for name in known],
            "seen": list(known.values()),
        },
    )


async def _new_floor(
    unit: UnitOfWork, topic: Topic, partition: Partition, *, pressed: bool
) -> tuple[int, Position] | None:
    """(epoch of the first entry kept, new floor), written to the head, or None to leave the stream alone."""
    row = (
        await unit.connection.execute(
            text(
                f"""
                with head as (
                    select epoch, position, floor from {topic.name}_head where partition = :partition
                ), live as (
                    select min(case when g.position = 0 or entry.epoch = g.epoch then g.position else 0 end)
                               as committed
                    from {topic.name}_group g
                    left join {topic.name}_log entry
                      on entry.partition = g.partition and entry.position = g.position
                    where g.partition = :partition
                      and g.seen_at > now() - make_interval(hours => :kept)
                ), candidate as (
                    select max(entry.position) as floor from {topic.name}_log entry, head, live
                    where entry.partition = :partition and entry.position > head.floor
                      and live.committed is not null
                      and entry.position <= least(head.floor + :ahead, live.committed, head.position - 1)
                      and (:pressed or entry.occurred_at < now() - make_interval(hours => :kept))
                )
                update {topic.name}_head as moved set floor = candidate.floor
                from candidate, {topic.name}_log first
                where moved.partition = :partition and candidate.floor > moved.floor
                  and first.partition = :partition and first.position = candidate.floor + 1
                returning first.epoch, moved.floor
                """  # noqa: S608 - a topic's name is ours
            ),
            {"partition": partition, "kept": KEPT_HOURS, "ahead": LOOK_AHEAD, "pressed": pressed},
        )
    ).one_or_none()
    return None if row is None else (row.epoch, row.floor)


async def trim(engine: AsyncEngine, redis: Redis, topic: Topic) -> int:
    """One round over all partitions.

    Returns:
        How many entries Redis forgot.
    """
    pressed = (await memory_policy(redis)).is_pressed
    forgotten = 0
    async with engine.connect() as connection:
        ends = await heads(connection, topic)
    for partition, head in ends.items():
        if head.position == 0:
            # There is no stream, so no group has a position in it.
            continue
        async with unit_of_work(engine) as unit:
            await _record_groups(unit, redis, topic, partition)
        if head.position <= head.floor + 1:
            # The last entry always stays.
            continue
        async with unit_of_work(engine) as unit:
            floor = await _new_floor(unit, topic, partition, pressed=pressed)
        if floor is not None:
            epoch, position = floor
            first_kept = f"{epoch}-{position + 1}"
            forgotten += await redis.xtrim(topic.stream(partition), minid=first_kept, approximate=False)
    if forgotten:
        log.info("trimmed", topic=topic.name, entries=forgotten, pressed=pressed)
    return forgotten
