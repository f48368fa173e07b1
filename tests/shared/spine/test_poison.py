"""Events that cannot be applied: put away, their subjects parked behind them, played again on demand."""

import asyncio

from sqlalchemy import text

from mitra_shared.ids import new_mitra_id
from tests.shared.spine.harness import CONSTITUENCIES, Spine

HERE = CONSTITUENCIES[0]


async def test_a_poisonous_event_is_put_away_and_its_subject_waits(spine: Spine) -> None:
    mitra, other = new_mitra_id(), new_mitra_id()
    spine.poisonous.add(mitra)
    async with spine.relaying(), spine.consuming():
        await spine.enrol(3, only=HERE)
        await spine.enrol(1, only=HERE, mitra=mitra)
        await spine.enrol(1, only=HERE, mitra=other)
        await spine.enrol(1, only=HERE, mitra=mitra)
        await spine.enrol(4, only=HERE)
        await _applied_count(spine, 8)
        assert await _letters(spine) == [(4, "poison"), (6, "parked")]
        assert [position for _, position, _ in await spine.applied()] == [1, 2, 3, 5, 7, 8, 9, 10]

        spine.poisonous.clear()
        await _ask(spine, "redrive")
        await _applied_count(spine, 10)
        assert [position for _, position, _ in await spine.applied()][-2:] == [4, 6]
        assert await _letters(spine) == [(4, "done"), (6, "done")]
        await spine.enrol(1, only=HERE, mitra=mitra)
        await _applied_count(spine, 11)


async def test_a_redrive_that_fails_again_keeps_everything_waiting(spine: Spine) -> None:
    mitra = new_mitra_id()
    spine.poisonous.add(mitra)
    async with spine.relaying(), spine.consuming():
        await spine.enrol(2, only=HERE, mitra=mitra)
        await _letters_are(spine, [(1, "poison"), (2, "parked")])
        await _ask(spine, "redrive")
        for _ in range(600):
            async with spine.consumer.connect() as connection:
                tries = await connection.execute(text("select attempts from dead_letter where position = 1"))
            if tries.scalar_one() == 2:
                break
            await asyncio.sleep(0.1)
        await _letters_are(spine, [(1, "poison"), (2, "parked")])
        assert await spine.applied() == []


async def test_an_unreadable_payload_is_poison_too(spine: Spine) -> None:
    await spine.enrol(5, only=HERE)
    async with spine.producer.begin() as connection:
        await connection.execute(
            text("""update enrolment_log set payload = '{"type": "Nonsense"}' where position = 3""")
        )
    async with spine.relaying(), spine.consuming():
        await _applied_count(spine, 4)
        assert await _letters(spine) == [(3, "poison")]


async def test_an_erasure_waits_for_nothing_and_takes_the_name_out_of_what_waits(spine: Spine) -> None:
    mitra, other = new_mitra_id(), new_mitra_id()
    spine.poisonous.update({mitra, other})
    async with spine.relaying(), spine.consuming():
        await spine.enrol(1, only=HERE, mitra=other)
        await spine.enrol(1, only=HERE, mitra=mitra)
        await spine.erase(mitra, HERE)
        await _letters_are(spine, [(1, "poison"), (2, "poison"), (3, "parked")])
        assert spine.erased == [mitra]
        assert [name for name in await _names(spine) if name is not None] == ["sealed"]
        spine.poisonous.clear()
        await _ask(spine, "redrive")
        await _applied_count(spine, 3)
    assert spine.erased == [mitra]


async def test_a_letter_that_nobody_can_read_keeps_nothing_of_who_is_erased(spine: Spine) -> None:
    mitra = new_mitra_id()
    await spine.enrol(1, only=HERE, mitra=mitra)
    async with spine.producer.begin() as connection:
        await connection.execute(
            text("update enrolment_log set payload = (payload::jsonb || '{\"segment\": 7}')::json")
        )
    async with spine.relaying(), spine.consuming():
        await _letters_are(spine, [(1, "poison")])
        await spine.erase(mitra, HERE)
        await _applied_count(spine, 1)
    assert await _names(spine) == [None]


async def _names(spine: Spine) -> list[str | None]:
    """The sealed names in the payloads of letters."""
    async with spine.consumer.connect() as connection:
        rows = await connection.execute(
            text("select payload::json ->> 'holder_name' as name from dead_letter order by position")
        )
        return [row.name for row in rows]


async def _letters(spine: Spine) -> list[tuple[int, str]]:
    async with spine.consumer.connect() as connection:
        rows = await connection.execute(text("select position, state from dead_letter order by position"))
        return [(row.position, row.state) for row in rows]


async def _letters_are(spine: Spine, want: list[tuple[int, str]]) -> None:
    for _ in range(600):
        if await _letters(spine) == want:
            return
        await asyncio.sleep(0.1)
    assert await _letters(spine) == want


async def _applied_count(spine: Spine, count: int) -> None:
    for _ in range(600):
        if len(await spine.applied()) >= count:
            break
        await asyncio.sleep(0.1)
    assert len(await spine.applied()) == count


async def _ask(spine: Spine, state: str) -> None:
    async with spine.consumer.begin() as connection:
        await connection.execute(
            text("update dead_letter set state = :state where state = 'poison'"), {"state": state}
        )
