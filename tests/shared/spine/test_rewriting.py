"""After an erasure a stream is written anew from the log: same ids, nothing lost, nothing left."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from mitra_shared.contracts.topics import ENROLMENT, partition_of
from mitra_shared.log import Place, unit_of_work
from mitra_shared.log.append import Emitted, append
from mitra_shared.log.pages import heads, pages_after
from mitra_shared.log.rewrite import ask_for_rewrite, words_of
from mitra_shared.relay.append_only import rewrite_append_only_file
from mitra_shared.relay.relay import RUN_ENTRIES, Relay
from mitra_shared.streams import connect
from tests.servers import RedisFactory
from tests.shared.spine.harness import CONSTITUENCIES, Spine, enrolled

HERE = CONSTITUENCIES[0]
PARTITION = partition_of(HERE)
STREAM = ENROLMENT.stream(PARTITION)


async def enrol_named(spine: Spine, name: str, *, mitra: UUID) -> Place:
    """Enrol somebody whose sealed name is `name`."""
    async with unit_of_work(spine.producer) as unit:
        unit.emit(enrolled(HERE, mitra=mitra).model_copy(update={"holder_name": name}))
    return unit.places[0]


async def erase_in_log(spine: Spine, mitra: UUID) -> None:
    """What an erasure does to the log."""
    async with unit_of_work(spine.producer) as unit:
        await unit.connection.execute(
            text(
                "update enrolment_log set payload = cast(cast(payload as jsonb) - 'holder_name' as json)"
                " where partition = :partition and subject = :mitra"
            ),
            {"partition": PARTITION, "mitra": mitra},
        )
        await append(unit.connection, ENROLMENT, [Emitted(enrolled(HERE), None)])
        await ask_for_rewrite(unit.connection, ENROLMENT, [PARTITION])


def eager(spine: Spine) -> Relay:
    return Relay(spine.producer, spine.redis, ENROLMENT, rewrite_after=0)


async def relay_all(relay: Relay) -> None:
    for _ in range(100):
        if not await relay.relay_once():
            return
    raise AssertionError("the relay does not come to an end")


async def is_written(spine: Spine) -> bool:
    async with spine.producer.connect() as connection:
        head = (await heads(connection, ENROLMENT))[PARTITION]
    words = await words_of(spine.redis, ENROLMENT, {PARTITION: head.rewrite})
    return words[PARTITION].is_written


async def holds(spine: Spine, name: str) -> bool:
    """Whether a name is anywhere in the stream."""
    return any(name.encode() in fields[b"__data__"] for _, fields in await spine.entries_of(STREAM))


async def test_a_stream_is_written_anew_with_the_same_ids_and_without_the_name(spine: Spine) -> None:
    mitra = uuid4()
    await spine.enrol(RUN_ENTRIES + 20, only=HERE)
    await enrol_named(spine, "the-sealed-name", mitra=mitra)
    relay = eager(spine)
    await relay_all(relay)
    before = await spine.ids_of(STREAM)
    assert await holds(spine, "the-sealed-name")
    await erase_in_log(spine, mitra)
    assert not await is_written(spine)
    await relay_all(relay)
    assert (await spine.ids_of(STREAM))[:-1] == before
    assert await spine.in_streams() == await spine.logged()
    assert await is_written(spine)
    assert not await holds(spine, "the-sealed-name")


async def test_consumers_lose_and_repeat_nothing_while_streams_are_written_anew(spine: Spine) -> None:
    async with spine.consuming(), spine.consuming():
        stop = asyncio.Event()
        relaying = asyncio.create_task(keep_relaying(eager(spine), stop))
        for _ in range(6):
            mitra = uuid4()
            await spine.enrol(random.randint(50, 200))  # noqa: S311
            await enrol_named(spine, "the-sealed-name", mitra=mitra)
            await erase_in_log(spine, mitra)
            await asyncio.sleep(random.uniform(0, 0.1))  # noqa: S311
        await spine.settle()
        stop.set()
        await relaying
    # Consumers may have read the end of the log while the stream was still being written.
    await relay_all(eager(spine))
    assert not await holds(spine, "the-sealed-name")


async def keep_relaying(relay: Relay, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await relay.relay_once()
        await asyncio.sleep(0)


async def test_a_relay_that_read_the_name_before_the_erasure_cannot_append_it_afterwards(
    spine: Spine,
) -> None:
    """The stream that is written anew ends, for a moment, exactly where the stopped relay wants to go on."""
    mitra = uuid4()
    await spine.enrol(RUN_ENTRIES, only=HERE)
    stopped, other = spine.relay(), eager(spine)
    await relay_all(stopped)
    await relay_all(other)
    place = await enrol_named(spine, "the-sealed-name", mitra=mitra)
    assert place.position == RUN_ENTRIES + 1
    async with spine.producer.connect() as connection:
        pages = await pages_after(connection, ENROLMENT, {PARTITION: stopped.carried[PARTITION]}, 100)
    await erase_in_log(spine, mitra)
    await other.relay_once()
    assert (await spine.ids_of(STREAM))[-1] == f"1-{RUN_ENTRIES}"
    await stopped.append_pages(pages)
    assert not await holds(spine, "the-sealed-name")
    await relay_all(other)
    await relay_all(stopped)
    assert await spine.in_streams() == await spine.logged()
    assert await is_written(spine)


async def test_a_relay_that_ends_in_the_middle_leaves_the_rest_to_the_next(spine: Spine) -> None:
    mitra = uuid4()
    await enrol_named(spine, "the-sealed-name", mitra=mitra)
    await spine.enrol(3 * RUN_ENTRIES, only=HERE)
    ending = eager(spine)
    await relay_all(ending)
    await erase_in_log(spine, mitra)
    assert await ending.relay_once()
    assert len(await spine.ids_of(STREAM)) == RUN_ENTRIES
    assert not await holds(spine, "the-sealed-name")
    await relay_all(spine.relay())
    assert await spine.in_streams() == await spine.logged()


async def test_an_erasure_while_a_stream_is_written_anew_has_it_written_once_more(spine: Spine) -> None:
    first, second = uuid4(), uuid4()
    await enrol_named(spine, "first-name", mitra=first)
    await enrol_named(spine, "second-name", mitra=second)
    await spine.enrol(2 * RUN_ENTRIES, only=HERE)
    relay = eager(spine)
    await relay_all(relay)
    await erase_in_log(spine, first)
    await relay.relay_once()
    assert await holds(spine, "second-name")
    await erase_in_log(spine, second)
    await relay_all(relay)
    assert not await holds(spine, "second-name")
    assert await spine.in_streams() == await spine.logged()


async def test_relays_that_race_write_anew_what_a_flushed_redis_lost_meanwhile(spine: Spine) -> None:
    stop = asyncio.Event()
    racing = [asyncio.create_task(keep_relaying(eager(spine), stop)) for _ in range(3)]
    for round_ in range(6):
        mitra = uuid4()
        await enrol_named(spine, "the-sealed-name", mitra=mitra)
        await spine.enrol(100, only=HERE)
        await asyncio.sleep(0.02)
        await erase_in_log(spine, mitra)
        if round_ % 2:
            await spine.redis.flushall()
    stop.set()
    await asyncio.gather(*racing)
    await relay_all(eager(spine))
    assert await spine.in_streams() == await spine.logged()
    assert await is_written(spine)
    assert not await holds(spine, "the-sealed-name")


async def test_many_erasures_in_a_short_time_are_one_rewriting(spine: Spine) -> None:
    people = [uuid4() for _ in range(5)]
    for mitra in people:
        await enrol_named(spine, "the-sealed-name", mitra=mitra)
    patient = Relay(spine.producer, spine.redis, ENROLMENT, rewrite_after=3_600)
    await relay_all(patient)
    for mitra in people:
        await erase_in_log(spine, mitra)
        await relay_all(patient)
        assert await holds(spine, "the-sealed-name")
    assert await spine.in_streams() == await spine.logged()
    await relay_all(eager(spine))
    assert not await holds(spine, "the-sealed-name")


async def test_the_word_beside_a_stream_may_be_lost(spine: Spine) -> None:
    mitra = uuid4()
    await enrol_named(spine, "the-sealed-name", mitra=mitra)
    await erase_in_log(spine, mitra)
    relay = eager(spine)
    await relay_all(relay)
    await spine.redis.delete(f"{STREAM}.written")
    await spine.enrol(5, only=HERE)
    for _ in range(5):
        await relay.relay_once()
    assert await spine.in_streams() == await spine.logged()
    assert await is_written(spine)


def contents(directory: Path) -> Iterator[bytes]:
    """Of every file; Redis may delete one between a look at it and the next."""
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            yield path.read_bytes()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not come to that")


async def test_redis_file_holds_nothing_of_the_past_once_it_is_rewritten(private_redis: RedisFactory) -> None:
    server = private_redis()
    client = connect(server.url("enrolment"))
    async with connect(server.url()) as admin:
        directory = Path(str((await admin.config_get("dir"))["dir"]))
    await client.xadd(STREAM, {"name": "the-sealed-name"})
    await client.delete(STREAM)
    await client.xadd(STREAM, {"name": "another-name"})

    def found(name: str) -> bool:
        return any(name.encode() in content for content in contents(directory))

    await until(lambda: found("another-name"))
    assert found("the-sealed-name")
    await rewrite_append_only_file(client)
    # Redis deletes the file of before when it comes to it.
    await until(lambda: not found("the-sealed-name"))
    assert found("another-name")
    await client.aclose()
