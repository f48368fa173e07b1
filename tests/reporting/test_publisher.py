"""The stream `rollups`: always the newest counts, whatever becomes of Redis or the database."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.rollups import RollupV1
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.database import create_engine
from mitra_shared.ids import Partition
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.wire import body_of
from mitra_shared.streams import connect, read_after
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.publisher import Publisher
from reporting.stream_script import RunId, stream_ends
from tests.factories import small_campaign
from tests.reporting.field import Field
from tests.servers import PostgresFactory, RedisFactory

AREAS = len(small_campaign().areas)
CAMPAIGN = small_campaign().id

Entries = list[tuple[RunId, dict[str, str], RollupV1]]


async def entries(redis: Redis, after: str = "0") -> Entries:
    read = await read_after(redis, {"rollups": after}, count=10_000, block_ms=1)
    return [
        (
            RunId.parse(raw),
            {name.decode(): value.decode() for name, value in flat.items() if name != b"__data__"},
            RollupV1.model_validate_json(body_of(flat[b"__data__"])),
        )
        for _, found in read
        for raw, flat in found
    ]


async def end_of(redis: Redis) -> RunId:
    ends = await stream_ends(redis)
    assert ends is not None
    return ends.last


def newest(found: Entries) -> dict[str, RollupV1]:
    return {rollup.area: rollup for _, _, rollup in found}


async def test_a_change_is_published_with_the_sums_above_it(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publisher = Publisher(reporting_engine, redis)
    assert await publisher.publish() == AREAS
    last = (await entries(redis))[-1][0]
    await field.apply([field.enrolled("S11-AC017"), field.issued("S11-AC017"), field.opinion("S11-PC04")])
    assert await publisher.publish() == 4
    news = await entries(redis, str(last))
    assert {rollup.area for _, _, rollup in news} == {"S11-AC017", "S11-PC04", "S11", "IN"}
    flat = {fields["area"]: fields for _, fields, _ in news}
    assert flat["S11-PC04"] | {"version": "", "whole": ""} == {
        "whole": "",
        "type": "RollupV1",
        "campaign": "small",
        "area": "S11-PC04",
        "level": "constituency",
        "parent": "S11",
        "name": "Wayanad",
        "evidence": "named",
        "enrolled": "1",
        "certificates_issued": "1",
        "certificates_waitlisted": "0",
        "opinions": "1",
        "target": "10",
        "quota": "9",
        "version": "",
        "certificates_printed": "0",
        "certificates_dispatched": "0",
        "certificates_handed_over": "0",
        "programmes_held": "0",
        "programmes_presented": "0",
        "programmes_beneficiaries": "0",
        "programmes_attendance": "0",
        "meetings_held": "0",
        "people_met": "0",
        "contacts_round": "round-1",
        "contacts_attempted": "0",
        "contacts_reached": "0",
        "contacts_due": "1",
    }
    assert newest(news)["S11-AC017"].opinions == 0
    assert await publisher.publish() == 0


async def test_withdrawals_bases_and_schemes_never_reach_the_stream(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publisher = Publisher(reporting_engine, redis)
    await publisher.publish()
    await field.apply([field.enrolled("S11-AC017", schemes=["PMUY"])])
    await publisher.publish()
    before = newest(await entries(redis))["S11-AC017"]
    await field.apply([field.withdrawn("S11-AC017"), field.revoked("S11-AC017")])
    await publisher.publish()
    after = newest(await entries(redis))["S11-AC017"]
    unmoved = {"version": 1, "as_of": before.as_of}
    assert after.model_copy(update=unmoved) == before.model_copy(update=unmoved)
    everything = str(await entries(redis))
    assert "withdrawn" not in everything
    assert "PMUY" not in everything


async def test_everything_is_published_again_after_a_flush(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    publisher = Publisher(reporting_engine, redis)
    await publisher.publish()
    await redis.flushall()
    assert await publisher.publish() == AREAS
    assert newest(await entries(redis))["IN"].enrolled == 1


async def test_another_publisher_goes_on_where_the_stream_ends(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    await Publisher(reporting_engine, redis).publish()
    await field.apply([field.enrolled("S11-AC017")])
    assert await Publisher(reporting_engine, redis).publish() == 4
    assert await Publisher(reporting_engine, redis).publish() == 0


async def test_publishers_that_race_append_each_change_once(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publishers = [Publisher(reporting_engine, redis) for _ in range(3)]
    for _ in range(10):
        await field.apply([field.enrolled("S11-AC017")])
        await asyncio.gather(*(publisher.publish() for publisher in publishers))
    found = await entries(redis)
    published = [(rollup.area, rollup.version) for _, _, rollup in found]
    assert len(published) == len(set(published)) == AREAS + 9 * 4
    assert newest(found)["IN"].enrolled == 10


async def test_a_database_restored_to_an_earlier_point_is_published_beyond_the_streams_end(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    publisher = Publisher(reporting_engine, redis)
    await publisher.publish()
    async with reporting_engine.begin() as connection:
        for table in ("rollup_version", "rollup_total", "campaign_known"):
            await connection.execute(text(f"update {table} set version = version - 60000"))  # noqa: S608
        await connection.execute(text("update rollup_total set enrolled = 0"))
    end = await end_of(redis)
    for restarted in (publisher, Publisher(reporting_engine, redis)):
        await restarted.publish()
        news = await entries(redis, str(end))
        assert len(news) == AREAS
        assert newest(news)["IN"].enrolled == 0
    await field.apply([field.enrolled("S11-AC017")])
    assert await publisher.publish() == 4


async def test_a_restored_database_is_noticed_even_if_it_has_grown_past_what_was_seen(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    publisher, mirror = Publisher(reporting_engine, redis), Mirror(reporting_engine)
    await publisher.publish()
    await mirror.refresh()
    async with reporting_engine.begin() as connection:
        await connection.execute(text("update rollup_total set enrolled = 0"))
        await connection.execute(text("update rollup_version set incarnation = 'of the backup'"))
    await field.apply([field.enrolled("S24-AC036")])
    end = await end_of(redis)
    assert await publisher.publish() == AREAS
    await mirror.refresh()
    shown: dict[str, int] = {
        area: mirror.boards[CAMPAIGN].rollup(area).counts.enrolled
        for area in mirror.boards[CAMPAIGN].select()
    }
    assert (shown["S11-AC017"], shown["S24-AC036"], shown["IN"]) == (0, 1, 1)
    assert {area: rollup.enrolled for area, rollup in newest(await entries(redis, str(end))).items()} == shown


async def test_foreign_entries_and_keys_give_way(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publisher = Publisher(reporting_engine, redis)
    await redis.set("rollups", "somebody else's")
    assert await publisher.publish() == AREAS
    await redis.xadd("rollups", {"not": "ours"})
    await asyncio.sleep(0.01)
    assert await publisher.publish() == AREAS
    await redis.xadd("rollups", {"from": "the future"}, id="99999999999999-0")
    assert await publisher.publish() == AREAS
    assert (await end_of(redis)).version < 99_999_999_999_999


async def test_a_stream_emptied_by_hand_is_filled_again(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publisher = Publisher(reporting_engine, redis)
    await publisher.publish()
    await redis.xtrim("rollups", maxlen=0, approximate=False)
    assert await publisher.publish() == AREAS


async def test_a_stream_whose_end_was_deleted_by_hand_goes_on(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publisher = Publisher(reporting_engine, redis)
    await publisher.publish()
    await redis.xdel("rollups", str(await end_of(redis)))
    await field.apply([field.enrolled("S11-AC017")])
    assert await publisher.publish() in (4, AREAS)
    assert newest(await entries(redis))["IN"].enrolled == 1


async def test_every_area_stands_in_the_stream_however_much_was_trimmed(
    field: Field, redis: Redis, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    publisher = Publisher(reporting_engine, redis, maxlen=100)
    await publisher.publish()
    for _ in range(70):
        await field.apply([field.enrolled("S11-AC017")])
        while await publisher.publish():
            pass
    assert await redis.xlen("rollups") < 400
    found = newest(await entries(redis))
    assert set(found) == set(field.campaign.by_code)
    assert found["IN"].enrolled == 70


@asynccontextmanager
async def following(publisher: Publisher) -> AsyncIterator[None]:
    shutdown = ShutdownSignal()
    task = asyncio.create_task(publisher.follow(shutdown))
    yield
    shutdown.request("the test is over")
    await task


async def eventually(redis: Redis, enrolled: int) -> None:
    async with asyncio.timeout(60):
        nation = None
        while nation is None or nation.enrolled != enrolled:
            await asyncio.sleep(0.05)
            with suppress(RedisError):
                nation = newest(await entries(redis)).get("IN")


async def test_the_publisher_goes_on_by_itself_after_redis_and_the_database_were_killed(
    private_postgres: PostgresFactory, private_redis: RedisFactory, migrate: Callable[..., None]
) -> None:
    postgres, server = private_postgres(), private_redis()
    migrate(reporting=postgres.url())
    engine, redis = create_engine(postgres.url(), application="tests"), connect(server.url())
    field, publisher = Field(engine), Publisher(engine, redis)
    async with following(publisher):
        await field.apply([*field.defined(), field.enrolled("S11-AC017")])
        await eventually(redis, 1)
        server.kill()
        server.forget()
        await asyncio.sleep(0.3)
        await field.apply([field.enrolled("S11-AC017")])
        server.start()
        await eventually(redis, 2)
        postgres.kill()
        await asyncio.sleep(0.3)
        postgres.start()
        await engine.dispose()
        await field.apply([field.enrolled("S11-AC017")])
        await eventually(redis, 3)
    assert publisher.trouble is None
    await redis.aclose()
    await engine.dispose()


async def test_any_faststream_application_reads_the_stream_with_the_contract(
    field: Field, redis: Redis, redis_url: str, reporting_engine: AsyncEngine
) -> None:
    await field.apply(field.defined())
    await Publisher(reporting_engine, redis).publish()
    broker = RedisBroker(redis_url, log_level=logging.DEBUG)
    seen: dict[str, RollupV1] = {}
    complete = asyncio.Event()

    @broker.subscriber(stream=StreamSub("rollups", last_id="0"))
    async def on_rollup(rollup: RollupV1) -> None:
        seen[rollup.area] = rollup
        if len(seen) == AREAS:
            complete.set()

    await broker.start()
    async with asyncio.timeout(60):
        await complete.wait()
    await broker.stop()
    assert seen["S11-PC04"].name == "Wayanad"


def test_an_entry_of_before_there_were_papers_and_contacts_is_still_read() -> None:
    old = (
        '{"type":"RollupV1","campaign":"modi-mitra","area":"S11-PC04","level":"constituency","parent":"S11",'
        '"name":"Wayanad","evidence":"named","enrolled":1204,"certificates_issued":1100,'
        '"certificates_waitlisted":3,"opinions":40,"target":5000,"quota":5250,"version":1793595600123,'
        '"as_of":"2026-11-02T04:30:00Z"}'
    )
    rollup = RollupV1.model_validate_json(old)
    assert (rollup.certificates_printed, rollup.meetings_held, rollup.contacts_due) == (None, None, None)
    assert rollup.model_dump_json(exclude_unset=True) == old


def test_the_contract_is_what_it_was() -> None:
    golden = (
        '{"type":"RollupV1","campaign":"modi-mitra","area":"S11-PC04","level":"constituency","parent":"S11",'
        '"name":"Wayanad","evidence":"named","enrolled":1204,"certificates_issued":1100,'
        '"certificates_waitlisted":3,"opinions":40,"target":5000,"quota":5250,"version":1793595600123,'
        '"as_of":"2026-11-02T04:30:00Z","certificates_printed":900,"certificates_dispatched":800,'
        '"certificates_handed_over":750,"programmes_held":2,"programmes_presented":120,'
        '"programmes_beneficiaries":400,"programmes_attendance":900,"meetings_held":12,"people_met":340,'
        '"contacts_round":"round-1","contacts_attempted":700,"contacts_reached":512,"contacts_due":1204}'
    )
    assert RollupV1.model_validate_json(golden).model_dump_json() == golden


async def test_the_accounts_of_redis_let_reporting_publish_and_subscribers_only_read(
    field: Field, private_redis: RedisFactory, reporting_engine: AsyncEngine
) -> None:
    server = private_redis()
    await field.apply(field.defined())
    ours, subscriber = connect(server.url("reporting")), connect(server.url("subscriber"))
    assert await Publisher(reporting_engine, ours).publish() == AREAS
    assert len(await entries(subscriber)) == AREAS
    with pytest.raises(NoPermissionError):
        await subscriber.xadd("rollups", {"made": "up"})
    with pytest.raises(NoPermissionError):
        await subscriber.xrange(ENROLMENT.stream(Partition(3)))
    lag = LagWatch(ours)
    await lag.look()
    assert lag.behind({})["enrolment"].events == 0
    await ours.aclose()
    await subscriber.aclose()
