"""Effects exactly once, in order, whatever happens to consumers, Redis and databases."""

import asyncio

import pytest
from sqlalchemy import text

from mitra_shared.consume.applying import Applier
from mitra_shared.consume.feeding import prepare
from mitra_shared.consume.leases import share_of
from mitra_shared.consume.positions import START, Fenced, Source, ensure_positions
from mitra_shared.consume.reading import Reader
from mitra_shared.contracts.topics import ENROLMENT, PARTITIONS, partition_of
from mitra_shared.log import unit_of_work
from mitra_shared.relay.trim import trim
from tests.shared.spine.harness import CONSTITUENCIES, Spine, apart

HERE = CONSTITUENCIES[0]
PARTITION = partition_of(HERE)
SOURCE = Source(ENROLMENT, PARTITION)
STREAM = SOURCE.stream


async def test_every_event_is_applied_once_in_order(spine: Spine) -> None:
    await spine.enrol(500)
    async with spine.relaying(), spine.consuming():
        await spine.enrol(500)
        await spine.settle()


async def test_three_members_share_five_five_and_six(spine: Spine) -> None:
    async with spine.consuming() as one, spine.consuming() as two, spine.consuming() as three:
        for _ in range(600):
            shares = sorted(len(consumer.leases.owned) for consumer in (one, two, three))
            if shares == [5, 5, 6]:
                break
            await asyncio.sleep(0.1)
        assert shares == [5, 5, 6]
        owned = [partition for c in (one, two, three) for partition in c.leases.owned]
        assert sorted(owned) == list(range(PARTITIONS))


async def test_leases_are_asked_for_again_whatever_went_wrong(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming() as consumer:
        await spine.enrol(20)
        await spine.settle()
        right = consumer.leases._url
        # No error of the network: a database that does not exist.
        consumer.leases._url = right.set(database="nowhere")
        consumer.leases.drop()
        await asyncio.sleep(1.5)
        assert (consumer.leases.owned, consumer.is_standby) == (frozenset(), False)
        consumer.leases._url = right
        await spine.enrol(20)
        await spine.settle()


@pytest.mark.parametrize("members", range(1, 20))
def test_shares_add_up(members: int) -> None:
    shares = [share_of(rank, members) for rank in range(members)]
    assert sum(shares) == PARTITIONS
    assert max(shares) - min(shares) <= 1


async def test_members_come_and_go_without_losing_or_repeating(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        for _ in range(3):
            async with spine.consuming():
                await spine.enrol(200)
                await asyncio.sleep(0.4)
            await spine.enrol(100)
        await spine.settle()


async def test_of_two_owners_of_one_partition_only_one_commits(spine: Spine) -> None:
    await spine.enrol(20, only=HERE)
    await spine.carry()
    async with unit_of_work(spine.consumer) as unit:
        await ensure_positions(unit.connection, spine.group.name, spine.group.topics)
    await prepare(spine.group.broker)
    poll = await Reader(spine.redis).read({SOURCE: START}, block_ms=100)
    first, second = Applier(spine.consumer, spine.group), Applier(spine.consumer, spine.group)
    outcomes = await asyncio.gather(first.apply(poll.runs), second.apply(poll.runs), return_exceptions=True)
    await spine.group.broker.stop()
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Fenced]
    assert await spine.applied() == await spine.logged()


async def test_a_flushed_redis_costs_nothing(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        for _ in range(4):
            await spine.enrol(150)
            await asyncio.sleep(0.2)
            await spine.redis.flushall()
        await spine.enrol(50)
        await spine.settle()


async def test_terminated_backends_cost_nothing(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        for _ in range(5):
            await spine.enrol(150)
            async with apart(spine.consumer) as connection:
                await connection.execute(
                    text(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and pid <> pg_backend_pid()"
                    )
                )
            await asyncio.sleep(0.1)
        await spine.settle()


async def test_a_foreign_entry_is_never_applied(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(20, only=HERE)
        await spine.settle()
        await spine.redis.xadd(STREAM, {"type": "forged"}, id="1-21")
        await spine.enrol(5, only=HERE)
        await spine.settle()


async def test_a_group_below_the_floor_goes_on_from_the_log(spine: Spine) -> None:
    await spine.enrol(60, only=HERE)
    await spine.carry()
    await _trim_to(spine, 40)
    assert len(await spine.in_streams()) == 20
    async with spine.relaying(), spine.consuming():
        await spine.enrol(5, only=HERE)
        await spine.settle()


async def test_a_restored_producer_makes_the_group_start_the_partition_again(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(30, only=HERE)
        await spine.settle()
    await spine.restore_log_to(20)
    async with spine.relaying(), spine.consuming():
        await spine.enrol(3, only=HERE)
        await spine.settle()
    assert await _restarts(spine) == [PARTITION]


async def test_a_restored_producer_is_found_out_even_if_redis_is_wiped_too(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mitra_shared.consume.consumer.SUSPECT_SECONDS", 0.5)
    async with spine.relaying(), spine.consuming():
        await spine.enrol(30, only=HERE)
        await spine.settle()
    await spine.restore_log_to(20)
    await spine.redis.flushall()
    async with spine.relaying(), spine.consuming():
        await spine.settle()
        (place,) = await spine.enrol(1, only=HERE)
        assert place.epoch == 2
        await spine.settle()
    assert await _restarts(spine) == [PARTITION]


async def test_a_restored_producer_that_grew_past_the_group_is_found_out(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(30, only=HERE)
        await spine.settle()
    await spine.restore_log_to(20)
    await spine.redis.flushall()
    await spine.enrol(40, only=HERE)
    async with spine.relaying(), spine.consuming():
        await spine.settle()
    assert await _restarts(spine) == [PARTITION]


async def test_a_group_that_stood_before_the_fork_goes_on_into_the_new_epoch(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(20, only=HERE)
        await spine.settle()
    await spine.enrol(10, only=HERE)
    await spine.carry()
    await spine.restore_log_to(20)
    await spine.carry()
    async with spine.relaying(), spine.consuming():
        await spine.enrol(10, only=HERE)
        await spine.settle()
        asked = spine.log_pages
        await spine.enrol(10, only=HERE)
        await spine.settle()
        assert spine.log_pages == asked, "past the fork the stream is enough again"
    assert await _restarts(spine) == []


async def test_a_log_begun_again_is_read_again_even_if_it_holds_the_same_events(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(10, only=HERE)
        await spine.settle()
        await _begin_again(spine)
        for _ in range(600):
            if await _restarts(spine):
                break
            await asyncio.sleep(0.1)
        await spine.settle()
    assert await _restarts(spine) == [PARTITION]


async def test_a_log_begun_again_while_the_group_was_away_is_read_again_even_if_the_stream_fits(
    spine: Spine,
) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(10, only=HERE)
        await spine.settle()
    await spine.enrol(5, only=HERE)
    await _begin_again(spine)
    async with spine.producer.begin() as connection:
        await connection.execute(
            text("update enrolment_head set floor = 10 where partition = :p"), {"p": PARTITION}
        )
    await spine.redis.flushall()
    await spine.carry()
    assert (await spine.ids_of(STREAM))[0] == "2-11"
    async with spine.relaying(), spine.consuming():
        await spine.settle()
        for _ in range(600):
            if await _restarts(spine):
                break
            await asyncio.sleep(0.1)
        await spine.enrol(5, only=HERE)
        await spine.settle()
    assert await _restarts(spine) == [PARTITION]


async def test_a_restored_consumer_database_catches_up(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(30, only=HERE)
        await spine.settle()
    async with spine.producer.connect() as connection:
        at_ten = (
            await connection.execute(
                text("select event_id from enrolment_log where partition = :p and position = 10"),
                {"p": PARTITION},
            )
        ).scalar_one()
    async with spine.consumer.begin() as connection:
        await connection.execute(text("delete from effect where position > 10"))
        await connection.execute(
            text("update consumer_position set position = 10, event_id = :id where partition = :p"),
            {"id": at_ten, "p": PARTITION},
        )
    await _trim_to(spine, 25)
    async with spine.relaying(), spine.consuming():
        await spine.settle()


async def test_an_operator_can_have_a_partition_rebuilt(spine: Spine) -> None:
    async with spine.relaying(), spine.consuming():
        await spine.enrol(100)
        await spine.settle()
        async with spine.consumer.begin() as connection:
            await connection.execute(text("update effect set mitra = null"))
            await connection.execute(text("update consumer_position set rebuild_requested_at = now()"))
        for _ in range(600):
            async with spine.consumer.connect() as connection:
                left = await connection.execute(text("select count(*) from effect where mitra is null"))
                waiting = await connection.execute(
                    text("select count(*) from consumer_position where rebuild_requested_at is not null")
                )
                if (left.scalar_one(), waiting.scalar_one()) == (0, 0):
                    break
            await asyncio.sleep(0.1)
        await spine.settle()
    assert sorted(await _restarts(spine)) == list(range(PARTITIONS))


async def _trim_to(spine: Spine, position: int) -> None:
    now = (await spine.redis.time())[0]
    await spine.redis.hset("enrolment.groups", "other", str(now))
    await spine.redis.xgroup_create(STREAM, "other", f"1-{position}")
    await spine.redis.delete("enrolment.groups.certificates")
    await spine.redis.hdel("enrolment.groups", "certificates")
    async with spine.producer.begin() as connection:
        await connection.execute(text("delete from enrolment_group"))
        await connection.execute(
            text("update enrolment_log set occurred_at = occurred_at - interval '2 days'")
        )
    assert await trim(spine.producer, spine.redis, ENROLMENT) > 0


async def _begin_again(spine: Spine) -> None:
    """As if the log was replayed from its own source: the same events under another epoch."""
    async with spine.producer.begin() as connection:
        for table in ("enrolment_head", "enrolment_log"):
            await connection.execute(
                text(f"update {table} set epoch = 2 where partition = :p"),  # noqa: S608 - ours
                {"p": PARTITION},
            )


async def _restarts(spine: Spine) -> list[int]:
    async with spine.consumer.connect() as connection:
        return list(
            (await connection.execute(text("select partition from consumer_restart order by id"))).scalars()
        )
