"""The campaign from its definition to the rollup, on real processes, as people live it."""

import asyncio
from collections.abc import AsyncIterator

from mitra_shared.contracts.topics import ROLLUPS_STREAM
from mitra_shared.streams import read_after
from tests.factories import SEGMENTS
from tests.flows.story import LiveEvent, Story, person, quota, until

ISSUED_AT_FIRST = 3
"""Places of each segment of the small campaign."""
SEGMENT, NEIGHBOUR = "S11-AC017", "S11-AC018"


async def test_a_campaign_from_its_definition_to_the_rollup(tale: Story) -> None:
    enrolled = [await tale.enrol(SEGMENT) for _ in range(ISSUED_AT_FIRST + 1)]
    first, *_, late = (person["mitra_id"] for person in enrolled)

    issued = await tale.becomes("issued", SEGMENT, first)
    assert issued["number"] == f"{SEGMENT}-0001"
    waits = await tale.becomes("waitlisted", SEGMENT, late)
    assert (waits["ahead"], waits["number"]) == (0, None)

    await tale.withdraw(SEGMENT, first)
    revoked = await tale.becomes("revoked", SEGMENT, first)
    assert revoked["number"] == f"{SEGMENT}-0001"
    promoted = await tale.becomes("issued", SEGMENT, late)
    assert promoted["number"] == f"{SEGMENT}-0004"

    for _ in range(10):
        await tale.opine(SEGMENT)
    rollup = await until(lambda: tale.rollup(SEGMENT), lambda rollup: rollup["opinions"] == 10)
    # As if nobody had withdrawn: what became of the waitlist is for the staff of the constituency to see.
    assert (rollup["enrolled"], rollup["certificates_issued"], rollup["certificates_waitlisted"]) == (4, 3, 1)
    nation = await tale.rollup("IN")
    assert (nation["enrolled"], nation["target"]["number"]) == (4, 30)


async def test_nine_opinions_are_too_few_to_be_seen(tale: Story) -> None:
    for _ in range(9):
        await tale.opine(SEGMENT)
    last = await tale.enrol(SEGMENT)
    await asyncio.sleep(2)
    assert (await tale.rollup("IN", last))["opinions"] == 0


async def test_a_caller_reads_its_own_write(tale: Story) -> None:
    for number in range(1, 11):
        enrolled = await tale.enrol(SEGMENT)
        assert (await tale.rollup(SEGMENT, enrolled))["enrolled"] == number


async def test_a_raised_quota_takes_effect_without_a_restart(tale: Story) -> None:
    enrolled = [(await tale.enrol(SEGMENT))["mitra_id"] for _ in range(ISSUED_AT_FIRST + 3)]
    await tale.becomes("waitlisted", SEGMENT, enrolled[-1])
    starts = {process.plan.name: process.starts for process in tale.stack.services.values()}

    await tale.define(goals=quota(ISSUED_AT_FIRST + 2))
    for number, mitra in enumerate(enrolled[:-1], 1):
        assert (await tale.becomes("issued", SEGMENT, mitra))["number"] == f"{SEGMENT}-{number:04d}"
    assert (await tale.certificate(SEGMENT, enrolled[-1]))["state"] == "waitlisted"
    shown = await until(lambda: tale.rollup(SEGMENT), lambda rollup: rollup["quota"]["number"] == 5)
    assert shown["certificates_issued"] == 5
    assert {process.plan.name: process.starts for process in tale.stack.services.values()} == starts


async def test_a_lowered_quota_takes_nothing_back(tale: Story) -> None:
    enrolled = [(await tale.enrol(SEGMENT))["mitra_id"] for _ in range(ISSUED_AT_FIRST)]
    await tale.becomes("issued", SEGMENT, enrolled[-1])
    await tale.define(goals=quota(1))
    late = (await tale.enrol(SEGMENT))["mitra_id"]
    await tale.becomes("waitlisted", SEGMENT, late)
    await tale.withdraw(SEGMENT, enrolled[0])
    await tale.becomes("revoked", SEGMENT, enrolled[0])
    assert (await tale.certificate(SEGMENT, enrolled[1]))["state"] == "issued"
    assert (await tale.certificate(SEGMENT, late))["state"] == "waitlisted"


async def test_a_new_constituency_takes_effect_without_a_restart(tale: Story) -> None:
    constituency, segment = "S11-PC01", "S11-AC001"
    areas = [area.model_dump(mode="json") for area in tale.definition.areas]
    of_constituency = next(area for area in areas if area["code"] == "S11-PC04")
    of_segment = next(area for area in areas if area["code"] == SEGMENT)
    place = {"code": constituency, "number": 1, "name": {"en": "Kasaragod"}, "tile": {"column": 3, "row": 11}}
    areas.append(of_constituency | place)
    areas.append(of_segment | {"code": segment, "number": 1, "parent": constituency})

    refused = await tale.ask_to_enrol(person(segment), headers=tale.staff_of(SEGMENT))
    assert refused.json()["type"] == "urn:mitra:problem:unknown-segment"
    goals = [goal.model_dump(mode="json") for goal in tale.definition.goals]
    await tale.define(areas=areas, goals=[{**goals[0], "number": 40}, *goals[1:]])
    enrolled = await tale.enrol(segment)
    assert (await tale.becomes("issued", segment, enrolled["mitra_id"]))["number"] == f"{segment}-0001"
    assert (await tale.rollup(constituency, enrolled))["enrolled"] == 1


async def test_a_freeze_holds_certificates_and_its_end_issues_them_in_order(tale: Story) -> None:
    before = (await tale.enrol(SEGMENT))["mitra_id"]
    await tale.becomes("issued", SEGMENT, before)
    await tale.define(issuing={"frozen": True})
    held = [(await tale.enrol(SEGMENT))["mitra_id"] for _ in range(ISSUED_AT_FIRST)]
    await tale.becomes("held", SEGMENT, held[-1])
    await tale.withdraw(SEGMENT, before)
    await tale.becomes("revoked", SEGMENT, before)
    assert [(await tale.certificate(SEGMENT, mitra))["state"] for mitra in held] == ["held"] * 3

    await tale.define(issuing={"frozen": False})
    for number, mitra in enumerate(held, 2):
        assert (await tale.becomes("issued", SEGMENT, mitra))["number"] == f"{SEGMENT}-{number:04d}"


async def test_the_live_feed_goes_on_where_a_reader_left(tale: Story) -> None:
    await tale.rollup(SEGMENT, await tale.enrol(SEGMENT))
    async with asyncio.timeout(60):
        async with tale.live() as events:
            snapshot = await anext(events)
            assert (snapshot.kind, len(snapshot.data["areas"])) == ("snapshot", len(SEGMENTS))
            await tale.enrol(SEGMENT)
            last = await _until_counted(events, SEGMENT, 2)
        await tale.rollup(NEIGHBOUR, await tale.enrol(NEIGHBOUR))
        async with tale.live(last) as events:
            resumed = await anext(events)
            seen = {area["area"]: area["enrolled"] for area in resumed.data["areas"]}
            assert (resumed.kind, seen) == ("areas", {NEIGHBOUR: 1}), resumed


async def _until_counted(events: AsyncIterator[LiveEvent], area: str, enrolled: int) -> str | None:
    """Read until an area has that count, and its certificates besides. Returns the id of that event."""
    async for event in events:
        for rollup in event.data["areas"]:
            counts = (rollup["area"], rollup["enrolled"], rollup["certificates_issued"])
            if counts == (area, enrolled, enrolled):
                return event.id
    raise AssertionError("the feed ended")


async def test_rollups_are_read_with_plain_xread(tale: Story) -> None:
    await tale.rollup(SEGMENT, await tale.enrol(SEGMENT))
    async with tale.stack.redis_as("subscriber") as redis:
        last, enrolled = "0", 0

        async def read() -> int:
            nonlocal last, enrolled
            for _, entries in await read_after(redis, {ROLLUPS_STREAM: last}, count=500, block_ms=1_000):
                for entry_id, said in entries:
                    last = entry_id.decode()
                    if (said[b"campaign"].decode(), said[b"area"].decode()) == (tale.campaign, SEGMENT):
                        enrolled = int(said[b"enrolled"])
            return enrolled

        await until(read, lambda seen: seen == 1)
        await tale.enrol(SEGMENT)
        await until(read, lambda seen: seen == 2)
