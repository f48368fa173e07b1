"""Reading: what has much is read by itself, and nobody is forgotten over it."""

from mitra_shared.consume.positions import START, Source, Standing
from mitra_shared.consume.reading import BATCH, Poll, Reader
from mitra_shared.contracts.topics import ENROLMENT, PARTITIONS, all_partitions, partition_of
from tests.shared.spine.harness import CONSTITUENCIES, Spine

BUSY = CONSTITUENCIES[0]
QUIET = next(code for code in CONSTITUENCIES if partition_of(code) != partition_of(BUSY))


def beginning() -> dict[Source, Standing]:
    return {Source(ENROLMENT, partition): START for partition in all_partitions()}


def taken(standings: dict[Source, Standing], poll: Poll) -> dict[int, int]:
    """How many events of each partition came; the standings move on."""
    standings.update({run.source: run.reached for run in poll.runs})
    return {run.source.partition: len(run.items) for run in poll.runs}


async def test_a_source_that_has_much_is_read_by_itself_and_the_others_in_between(spine: Spine) -> None:
    each = -(-BATCH // PARTITIONS)
    await spine.enrol(BATCH + 3 * each, only=BUSY)
    await spine.enrol(only=QUIET)
    await spine.carry()
    standings, reader = beginning(), Reader(spine.redis)
    busy, quiet = partition_of(BUSY), partition_of(QUIET)
    assert taken(standings, await reader.read(standings)) == {busy: each, quiet: 1}
    assert taken(standings, await reader.read(standings)) == {busy: BATCH}
    await spine.enrol(only=QUIET)
    await spine.carry()
    assert taken(standings, await reader.read(standings)) == {busy: each, quiet: 1}
    assert taken(standings, await reader.read(standings)) == {busy: each}
    assert await reader.read(standings, block_ms=1) == Poll([], [])


async def test_a_source_that_is_no_longer_owned_is_not_read(spine: Spine) -> None:
    await spine.enrol(BATCH, only=BUSY)
    await spine.enrol(only=QUIET)
    await spine.carry()
    standings, reader = beginning(), Reader(spine.redis)
    await reader.read(standings)
    left = {source: at for source, at in standings.items() if source.partition != partition_of(BUSY)}
    assert set(taken(left, await reader.read(left))) == {partition_of(QUIET)}
