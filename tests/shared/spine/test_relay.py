"""Streams are gapless copies of the log's tail, whatever happens to Redis and to relays."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError
from sqlalchemy import text

from mitra_shared.contracts.topics import ENROLMENT, partition_of
from mitra_shared.ids import AreaCode, Partition
from mitra_shared.log import unit_of_work
from mitra_shared.log.pages import pages_after
from mitra_shared.relay.relay import Relay
from mitra_shared.relay.trim import trim
from mitra_shared.streams import connect
from tests.servers import RedisFactory
from tests.shared.spine.harness import CONSTITUENCIES, Spine, enrolled

HERE = CONSTITUENCIES[0]
PARTITION = partition_of(HERE)
STREAM = ENROLMENT.stream(PARTITION)


async def test_the_streams_hold_what_the_log_holds(spine: Spine) -> None:
    await spine.enrol(300)
    await spine.carry()
    assert await spine.in_streams() == await spine.logged()


async def test_positions_are_dense_when_many_transactions_append_at_once(spine: Spine) -> None:
    await asyncio.gather(*(spine.enrol(random.randint(1, 20)) for _ in range(40)))  # noqa: S311
    logged = await spine.logged()
    for partition in range(16):
        positions = [position for p, position, _ in logged if p == partition]
        assert positions == list(range(1, len(positions) + 1))


async def test_an_aborted_transaction_leaves_no_gap(spine: Spine) -> None:
    await spine.enrol(5, only=HERE)
    with pytest.raises(RuntimeError):
        await _enrol_and_fail(spine)
    (place,) = await spine.enrol(1, only=HERE)
    assert place.position == 6


async def _enrol_and_fail(spine: Spine) -> None:
    async with unit_of_work(spine.producer) as unit:
        unit.emit(enrolled(HERE))
        await unit.append_emitted()
        raise RuntimeError("changed our mind")


async def test_a_flushed_redis_is_filled_again(spine: Spine) -> None:
    await spine.enrol(200)
    async with spine.relaying():
        await asyncio.sleep(0.3)
        await spine.redis.flushall()
        await spine.enrol(200)
        for _ in range(600):
            if await spine.in_streams() == await spine.logged():
                break
            await asyncio.sleep(0.1)
    assert await spine.in_streams() == await spine.logged()


async def test_a_flush_between_read_and_append_appends_nothing_by_half(spine: Spine) -> None:
    relay = spine.relay()
    await spine.enrol(10, only=HERE)
    await _relay_all(relay)
    await spine.enrol(10, only=HERE)
    async with spine.producer.connect() as connection:
        pages = await pages_after(connection, ENROLMENT, {PARTITION: relay.carried[PARTITION]}, 100)
    await spine.redis.flushall()
    await relay.append_pages(pages)
    assert await spine.in_streams() == []
    await _relay_all(relay)
    assert await spine.in_streams() == await spine.logged()


async def test_relays_that_race_while_redis_is_flushed_write_every_entry_once(spine: Spine) -> None:
    async with spine.relaying(), spine.relaying(), spine.relaying():
        for round_ in range(8):
            await spine.enrol(150)
            await asyncio.sleep(0.05)
            if round_ % 3 == 1:
                await spine.redis.flushall()
        for _ in range(600):
            if await spine.in_streams() == await spine.logged():
                break
            await asyncio.sleep(0.1)
    assert await spine.in_streams() == await spine.logged()


async def test_a_full_redis_stops_the_relay_and_loses_nothing(
    spine: Spine, private_redis: RedisFactory
) -> None:
    server = private_redis(memory="3mb")
    await spine.redis.aclose()
    small = spine.redis = connect(server.url())
    relay = spine.relay()
    await spine.enrol(12_000)
    with pytest.raises(OutOfMemoryError):
        await _relay_all(relay)
    partial = await spine.in_streams()
    logged = await spine.logged()
    assert 0 < len(partial) < len(logged)
    for partition in range(16):
        assert [e for e in partial if e[0] == partition] == [e for e in logged if e[0] == partition][
            : sum(e[0] == partition for e in partial)
        ]
    await small.config_set("maxmemory", "100mb")
    await _relay_all(relay)
    assert await spine.in_streams() == logged


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda r: r.xadd(STREAM, {"foreign": "entry"}), id="foreign entry with a clock id"),
        pytest.param(
            lambda r: r.xadd(STREAM, {"foreign": "entry"}, id="1-21"), id="foreign entry in our place"
        ),
        pytest.param(lambda r: r.xdel(STREAM, "1-10"), id="hole in the middle"),
        pytest.param(lambda r: r.xtrim(STREAM, maxlen=5, approximate=False), id="trimmed by somebody else"),
        pytest.param(lambda r: r.xtrim(STREAM, maxlen=0, approximate=False), id="trimmed to nothing"),
        pytest.param(lambda r: r.delete(STREAM), id="deleted"),
        pytest.param(lambda r: r.set(STREAM, "text"), id="replaced by text"),
        pytest.param(lambda r: r.execute_command("XSETID", STREAM, "99-0"), id="last id set far ahead"),
    ],
)
async def test_a_damaged_stream_is_rebuilt(
    spine: Spine, damage: Callable[[Redis], Awaitable[object]]
) -> None:
    await spine.enrol(20, only=HERE)
    await spine.carry()
    await damage(spine.redis)
    await spine.enrol(5, only=HERE)
    relay = spine.relay()
    for _ in range(10):
        await relay.relay_once()
    assert await spine.in_streams() == await spine.logged()


async def test_a_running_relay_notices_a_hole(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mitra_shared.relay.relay.AUDIT_SECONDS", 0.2)
    await spine.enrol(20, only=HERE)
    async with spine.relaying():
        await asyncio.sleep(0.5)
        await spine.redis.xdel(STREAM, "1-7")
        for _ in range(600):
            if await spine.in_streams() == await spine.logged():
                break
            await asyncio.sleep(0.1)
    assert await spine.in_streams() == await spine.logged()


async def test_a_database_restored_to_an_earlier_point_begins_a_new_epoch(spine: Spine) -> None:
    await spine.enrol(20, only=HERE)
    await spine.carry()
    await spine.restore_log_to(12)
    places = await spine.enrol(4, only=HERE)
    assert places[0].position == 13
    await spine.carry()
    assert await spine.in_streams() == await spine.logged()
    assert await spine.ids_of(STREAM) == [f"1-{n}" for n in range(1, 13)] + [f"2-{n}" for n in range(13, 17)]


async def test_a_restored_database_that_grew_past_the_stream_is_still_found_out(spine: Spine) -> None:
    await spine.enrol(20, only=HERE)
    relay = spine.relay()
    await _relay_all(relay)
    await spine.restore_log_to(12)
    await spine.enrol(30, only=HERE)
    for _ in range(10):
        await relay.relay_once()
    assert await spine.in_streams() == await spine.logged()
    assert (await spine.ids_of(STREAM))[-1] == "2-42"


async def test_trimming_stops_at_what_a_group_has_committed(spine: Spine) -> None:
    await spine.enrol(50, only=HERE)
    await spine.carry()
    await _announce(spine, "certificates", PARTITION, 30)
    await _announce(spine, "reporting", PARTITION, 20)
    await _age(spine, "2 days")
    assert await trim(spine.producer, spine.redis, ENROLMENT) == 20
    assert (await spine.ids_of(STREAM))[0] == "1-21"
    await spine.redis.flushall()
    await spine.carry()
    assert (await spine.ids_of(STREAM))[0] == "1-21"


async def test_nothing_is_trimmed_before_a_day_unless_memory_is_short(
    spine: Spine, private_redis: RedisFactory
) -> None:
    await spine.enrol(50, only=HERE)
    await spine.carry()
    await _announce(spine, "certificates", PARTITION, 50)
    assert await trim(spine.producer, spine.redis, ENROLMENT) == 0
    server = private_redis(memory="100mb")
    await spine.redis.aclose()
    spine.redis = connect(server.url())
    await spine.carry()
    await _announce(spine, "certificates", PARTITION, 50)
    used = (await spine.redis.info("memory"))["used_memory"]
    await spine.redis.config_set("maxmemory", int(used * 1.4))
    assert await trim(spine.producer, spine.redis, ENROLMENT) == 49


async def test_nothing_is_trimmed_while_no_group_is_known(spine: Spine) -> None:
    await spine.enrol(50, only=HERE)
    await spine.carry()
    await _age(spine, "2 days")
    assert await trim(spine.producer, spine.redis, ENROLMENT) == 0


async def test_a_group_that_has_been_silent_for_a_day_holds_nothing_back(spine: Spine) -> None:
    await spine.enrol(50, only=HERE)
    await spine.carry()
    await _announce(spine, "gone", PARTITION, 1)
    await _announce(spine, "certificates", PARTITION, 40)
    await _age(spine, "2 days")
    await spine.redis.hset("enrolment.groups", "gone", "1")
    assert await trim(spine.producer, spine.redis, ENROLMENT) == 40


async def _relay_all(relay: Relay) -> None:
    while await relay.relay_once():
        pass


async def _announce(spine: Spine, group: str, partition: Partition, position: int) -> None:
    now = (await spine.redis.time())[0]
    await spine.redis.hset("enrolment.groups", group, str(now))
    await spine.redis.xgroup_create(ENROLMENT.stream(partition), group, f"1-{position}")


async def _age(spine: Spine, by: str) -> None:
    async with spine.producer.begin() as connection:
        await connection.execute(
            text("update enrolment_log set occurred_at = occurred_at - cast(:by as text)::interval"),
            {"by": by},
        )


def test_constituencies_spread_over_partitions() -> None:
    assert len({partition_of(AreaCode(code)) for code in CONSTITUENCIES}) > 8
