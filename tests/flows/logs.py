"""Logs and streams as they are: read from tables and Redis, nothing of the services between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.topics import TOPICS, Topic
from tests.flows.real_stack import RealStack

KEPT_BY = {
    "enrolment": "enrolment",
    "opinions": "enrolment",
    "staff": "enrolment",
    "certificates": "certificates",
    "custody": "certificates",
}


class Entry(NamedTuple):
    """An entry of a log."""

    partition: int
    position: int
    epoch: int
    event_id: UUID
    type: str
    subject: UUID | None
    payload: Mapping[str, Any]


class Head(NamedTuple):
    """End of a partition, and how far its stream may have been trimmed."""

    position: int
    epoch: int
    floor: int


@dataclass(frozen=True)
class Log:
    """One log, entries in order, by partition."""

    topic: Topic
    entries: dict[int, list[Entry]]
    heads: dict[int, Head]

    def all(self) -> list[Entry]:
        return [entry for entries in self.entries.values() for entry in entries]


async def rows(engine: AsyncEngine, query: str, **values: Any) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(text(query), values))


async def log_of(stack: RealStack, topic: Topic) -> Log:
    engine = stack.engines[KEPT_BY[topic.name]]
    heads = {
        row.partition: Head(row.position, row.epoch, row.floor)
        for row in await rows(engine, f"select * from {topic.name}_head")  # noqa: S608 - a topic's name is ours
    }
    entries: dict[int, list[Entry]] = {partition: [] for partition in heads}
    for row in await rows(
        engine,
        "select partition, position, epoch, event_id, type, subject, payload"  # noqa: S608
        f" from {topic.name}_log order by partition, position",
    ):
        entries[row.partition].append(Entry(*row))
    return Log(topic, entries, heads)


async def logs_of(stack: RealStack) -> dict[str, Log]:
    return {name: await log_of(stack, topic) for name, topic in TOPICS.items()}


async def stream_of(redis: Redis, stream: str) -> list[tuple[str, dict[str, str]]]:
    """Every entry of a stream: its id and its readable fields."""
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(stream))
    return [
        (
            raw.decode(),
            {name.decode(): said.decode() for name, said in fields.items() if name != b"__data__"},
        )
        for raw, fields in entries
    ]
