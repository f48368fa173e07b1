"""Forgetting a partition and replaying it: the same certificates, numbers and log; what is lost is listed."""

from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.forget_partition import forget_partition
from certificates.queries import unconfirmed
from certificates.wire import certificate_id_of
from mitra_shared.contracts.events import MitraCorrectedV1, MitraEnrolledV1
from mitra_shared.contracts.topics import ENROLMENT, all_partitions, partition_of
from mitra_shared.ids import Partition
from mitra_shared.log import unit_of_work
from tests.certificates.conftest import Look
from tests.certificates.enrolment_log import KEY, EnrolmentLog, deliver, mitra, quotas

ROWS = "select * from certificate order by partition, enrolled_position"
POOLS = "select * from pool order by partition, area"
LOG = """
    select partition, position, event_id, type, key, subject, occurred_at, cast(payload as text)
    from certificates_log order by partition, position
"""
HOME = partition_of("S11-PC04")


def a_full_story(log: EnrolmentLog) -> None:
    log.defined(goals=quotas(2))
    for number in range(12):
        log.enrolled(number, ["S11-AC017", "S11-AC018", "S24-AC036"][number % 3])
    log.withdrew(0, "S11-AC017")
    log.withdrew(5, "S24-AC036")
    log.defined(2, goals=quotas(1, "constituency"), issuing={"issue_on": "cleared"})
    log.enrolled(12, "S11-AC033")
    log.cleared(12, "S11-AC033")
    log.defined(3, goals=quotas(4), issuing={"frozen": True})
    log.enrolled(13, "S11-AC017")
    log.defined(4, goals=quotas(3))
    log.withdrew(3, "S11-AC017")
    log.renamed(6, "S11-AC017")
    log.renamed(13, "S11-AC017")
    log.readdressed(9, "S11-AC017")
    log.renamed(0, "S11-AC017")


async def forget(engine: AsyncEngine, partition: Partition) -> None:
    async with unit_of_work(engine) as unit:
        await forget_partition(unit, ENROLMENT, partition)


async def test_a_replayed_partition_is_the_same_row_for_row_and_event_for_event(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    a_full_story(log)
    await log.deliver(certificates_engine, size=4)
    before = [await look(query) for query in (ROWS, POOLS, LOG)]
    assert len(before[2]) > 20
    for partition in all_partitions():
        await forget(certificates_engine, partition)
    assert [await look(query) for query in (ROWS, POOLS, LOG)] == [[], [], []]
    await deliver(certificates_engine, log.entries)
    assert [await look(query) for query in (ROWS, POOLS, LOG)] == before
    assert await look("select distinct epoch from certificates_log") == [(2,)]
    async with certificates_engine.connect() as connection:
        assert await unconfirmed(connection) == []


async def test_a_replay_after_an_erasure_gives_the_same_without_the_name(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    """The log that is read again has lost the name of who withdrew and was erased."""
    a_full_story(log)
    log.withdrew(6, "S11-AC017")
    log.erased(6, "S11-AC017")
    await log.deliver(certificates_engine, size=4)
    assert await look("select revision from certificate where mitra_id = :m", m=mitra(6)) == [(2,)]
    before = [await look(query) for query in (ROWS, POOLS, LOG)]
    for partition in all_partitions():
        await forget(certificates_engine, partition)
    nameless = [
        (event.model_copy(update={"holder_name": None}), place)
        if isinstance(event, MitraEnrolledV1 | MitraCorrectedV1) and event.mitra_id == mitra(6)
        else (event, place)
        for event, place in log.entries
    ]
    assert sum(event != told for (event, _), (told, _) in zip(nameless, log.entries, strict=True)) == 2
    await deliver(certificates_engine, nameless)
    assert [await look(query) for query in (ROWS, POOLS, LOG)] == before


async def test_one_partition_is_forgotten_alone(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look
) -> None:
    a_full_story(log)
    await log.deliver(certificates_engine)
    others = [row for row in await look(ROWS) if row[1] != HOME]
    await forget(certificates_engine, HOME)
    assert await look(ROWS) == others != []
    assert await look("select epoch, position from certificates_head where partition = :p", p=HOME) == [
        (2, 0)
    ]


async def test_numbers_that_the_new_branch_does_not_give_are_listed(
    log: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    log.defined(goals=quotas(3))
    log.enrolled(1)
    log.enrolled(2)
    log.enrolled(3)
    await log.deliver(certificates_engine)
    await forget(certificates_engine, HOME)
    kept = [entry for entry in log.entries if getattr(entry[0], "mitra_id", None) != mitra(2)]
    await deliver(certificates_engine, [entry for entry in kept if entry[1].partition == HOME])
    async with certificates_engine.connect() as connection:
        listed = await unconfirmed(connection)
    assert [(u.certificate_id, u.segment, u.serial) for u in listed] == [
        (certificate_id_of(mitra(2), KEY), "S11-AC017", 2),
        (certificate_id_of(mitra(3), KEY), "S11-AC017", 3),
    ]


async def test_a_number_given_and_then_void_on_the_new_branch_counts_as_confirmed(
    log: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    log.defined()
    log.enrolled(1)
    await log.deliver(certificates_engine)
    await forget(certificates_engine, HOME)
    log.withdrew(1)
    await deliver(certificates_engine, [entry for entry in log.entries if entry[1].partition == HOME])
    async with certificates_engine.connect() as connection:
        assert await unconfirmed(connection) == []
