"""One log, its streams and a group that writes down what it was given: the spine without a service.

The group's effect is a row per event, so that 'exactly once, in order' can be read off a table.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import httpx
from fastapi import FastAPI, Request, Response
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from mitra_shared.consume.consumer import Consumer
from mitra_shared.consume.feeding import Delivery, subscriber
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.consume.replay import LogClient
from mitra_shared.consume.tables import add_played_after_v2, create_consumer_v1
from mitra_shared.contracts.events import EnrolmentEvent, MitraEnrolledV1, MitraErasedV1
from mitra_shared.contracts.topics import ENROLMENT, Topic
from mitra_shared.http.answers import install_problem_handlers
from mitra_shared.ids import (
    AreaCode,
    CampaignId,
    EventId,
    MitraId,
    Partition,
    StaffId,
    new_event_id,
    new_mitra_id,
)
from mitra_shared.log import Place, UnitOfWork, unit_of_work
from mitra_shared.log.endpoint import log_router
from mitra_shared.log.tables import add_rewrite_v2, create_log_v1
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.relay import Relay
from mitra_shared.security.tokens import Caller, Role, TokenVerifier, mint, new_signing_key, public_jwks
from mitra_shared.streams import RawEntry, connect

CONSTITUENCIES = [AreaCode(f"S11-PC{number:02d}") for number in range(1, 40)]


def enrolled(constituency: AreaCode, *, mitra: UUID | None = None) -> MitraEnrolledV1:
    return MitraEnrolledV1(
        event_id=EventId(new_event_id()),
        campaign=CampaignId("modi-mitra"),
        occurred_at=datetime.now(UTC),
        mitra_id=MitraId(mitra) if mitra else new_mitra_id(),
        constituency=constituency,
        segment=AreaCode("S11-AC032"),
        recruiter=StaffId(f"{constituency}/in-charge"),
        basis="admirer",
        language="en",
        holder_name="sealed",
    )


async def create_tables(engine: AsyncEngine, statements: list[str]) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


@asynccontextmanager
async def apart(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of the test's own to that database: the pool belongs to those who are tested."""
    async with create_async_engine(engine.url, poolclass=NullPool).connect() as connection:
        yield connection


class Spine:
    """A producer's database and a consumer's, one Redis, and what can happen to them."""

    def __init__(self, producer: AsyncEngine, consumer: AsyncEngine, redis_url: str) -> None:
        self.producer = producer
        self.consumer = consumer
        self.redis_url = redis_url
        self.redis: Redis = connect(redis_url)
        self.poisonous: set[UUID] = set()
        self.erased: list[MitraId] = []
        self.group = self._declare_group()
        key = new_signing_key()
        self.app = FastAPI()
        self.app.state.tokens = TokenVerifier(public_jwks(key))
        install_problem_handlers(self.app)
        self.app.include_router(log_router(producer, ENROLMENT))
        self.log_pages = 0
        self.app.middleware("http")(self._count_page)
        self._token = mint(
            key, Caller(StaffId("certificates"), Role.SERVICE, None, None), lifetime=timedelta(hours=1)
        )

    async def _count_page(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        self.log_pages += 1
        return await call_next(request)

    async def prepare(self) -> None:
        await create_tables(self.producer, [*create_log_v1(ENROLMENT), *add_rewrite_v2(ENROLMENT)])
        effect = (
            "create table effect (partition smallint, position bigint, event_id uuid, mitra uuid, at serial)"
        )
        await create_tables(self.consumer, [*create_consumer_v1(), *add_played_after_v2(), effect])

    async def close(self) -> None:
        await self.redis.aclose()

    def _declare_group(self) -> ConsumerGroup:
        broker = RedisBroker(self.redis_url)

        @subscriber(broker, ENROLMENT)
        async def on_enrolment(events: list[EnrolmentEvent], delivery: Delivery) -> None:
            if any(event.subject in self.poisonous for event in events):
                raise ValueError("this one cannot be applied")
            await delivery.unit.connection.execute(
                text("insert into effect values (:partition, :position, :event_id, :mitra)"),
                [
                    {
                        "partition": p.partition,
                        "position": p.position,
                        "event_id": e.event_id,
                        "mitra": e.subject,
                    }
                    for e, p in zip(events, delivery.places, strict=True)
                ],
            )

        async def forget(unit: UnitOfWork, _topic: Topic, partition: Partition) -> None:
            await unit.connection.execute(text("delete from effect where partition = :p"), {"p": partition})

        async def erase(_: UnitOfWork, mitras: Sequence[MitraId]) -> None:
            self.erased.extend(mitras)

        return ConsumerGroup("certificates", broker, (ENROLMENT,), forget, erase)

    def relay(self) -> Relay:
        return Relay(self.producer, self.redis, ENROLMENT)

    def logs(self) -> LogClient:
        return LogClient({"enrolment": "http://enrolment"}, self._token, httpx.ASGITransport(self.app))

    def new_consumer(self, redis: Redis, logs: LogClient) -> Consumer:
        return Consumer(self.consumer, redis, self.group, logs)

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        relay, shutdown = self.relay(), ShutdownSignal()
        task = asyncio.create_task(relay.run(shutdown))
        try:
            yield relay
        finally:
            shutdown.request("test is over")
            await asyncio.wait_for(task, 60)

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[Consumer]:
        redis, logs, shutdown = connect(self.redis_url), self.logs(), ShutdownSignal()
        consumer = self.new_consumer(redis, logs)
        task = asyncio.create_task(consumer.run(shutdown))
        try:
            yield consumer
        finally:
            shutdown.request("test is over")
            await asyncio.wait_for(task, 60)
            await redis.aclose()
            await logs.close()

    async def enrol(
        self, count: int = 1, *, only: AreaCode | None = None, mitra: UUID | None = None
    ) -> list[Place]:
        async with unit_of_work(self.producer) as unit:
            for number in range(count):
                unit.emit(enrolled(only or CONSTITUENCIES[number % len(CONSTITUENCIES)], mitra=mitra))
        return unit.places

    async def erase(self, mitra: MitraId, constituency: AreaCode) -> None:
        """Tell that somebody was erased."""
        async with unit_of_work(self.producer) as unit:
            unit.emit(
                MitraErasedV1(
                    event_id=new_event_id(),
                    campaign=CampaignId("modi-mitra"),
                    occurred_at=datetime.now(UTC),
                    mitra_id=mitra,
                    constituency=constituency,
                    segment=AreaCode("S11-AC032"),
                )
            )

    async def carry(self) -> None:
        """Relay until the streams hold everything."""
        relay = self.relay()
        for _ in range(100):
            if not await relay.relay_once():
                return
        raise AssertionError("the relay does not come to an end")

    async def settle(self, seconds: float = 60) -> None:
        """Wait until the group has applied exactly the log, in order."""
        want = await self.logged()
        for _ in range(int(seconds / 0.05)):
            if await self.applied() == want:
                return
            await asyncio.sleep(0.05)
        got = await self.applied()
        raise AssertionError(
            f"{len(got)} applied, {len(want)} in the log; first difference {first_difference(got, want)}"
        )

    async def logged(self) -> list[tuple[int, int, UUID]]:
        return await self._rows(
            self.producer, "select partition, position, event_id from enrolment_log order by 1, 2"
        )

    async def applied(self) -> list[tuple[int, int, UUID]]:
        """What the group did, each partition in the order in which it was done."""
        return await self._rows(
            self.consumer, "select partition, position, event_id from effect order by 1, at"
        )

    async def ids_of(self, stream: str) -> list[str]:
        """Ids of all entries of a stream."""
        return [raw_id.decode() for raw_id, _ in await self.entries_of(stream)]

    async def in_streams(self) -> list[tuple[int, int, UUID]]:
        return [
            (partition, int(raw_id.split(b"-")[1]), UUID(fields[b"id"].decode()))
            for partition in range(16)
            for raw_id, fields in await self.entries_of(ENROLMENT.stream(Partition(partition)))
        ]

    async def entries_of(self, stream: str) -> list[RawEntry]:
        return cast("list[RawEntry]", await self.redis.xrange(stream))

    @staticmethod
    async def _rows(engine: AsyncEngine, query: str) -> list[tuple[int, int, UUID]]:
        async with apart(engine) as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def restore_log_to(self, kept: int) -> None:
        """As if the producer's database came back from a backup: `kept` entries of each partition remain."""
        async with self.producer.begin() as connection:
            await connection.execute(text("delete from enrolment_log where position > :kept"), {"kept": kept})
            await connection.execute(
                text(
                    "update enrolment_head set position = least(position, :kept), epoch = 1,"
                    " floor = least(floor, :kept)"
                ),
                {"kept": kept},
            )


def first_difference(got: list[tuple[int, int, UUID]], want: list[tuple[int, int, UUID]]) -> object:
    return next(((g, w) for g, w in zip(got, want, strict=False) if g != w), "only in length")
