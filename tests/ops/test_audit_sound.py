"""The audit finds nothing where nothing is wrong: at rest, under load, behind, and from the beginning."""

import asyncio
from contextlib import suppress

from redis.asyncio import Redis

from mitra_shared.ops.rebuilding import GROUPS
from tests.enrolment.intake_api import running_api
from tests.factories import SEGMENTS
from tests.ops.campaign_world import FieldDay, Sound, World, copy_of, world_on
from tests.servers import Database, Databases


async def test_a_sound_campaign_is_clean_to_the_last_entry(world: World) -> None:
    report = await world.audit(deep=True)
    assert report.clean, report.findings
    numbers = {check.name: check.numbers for check in report.checks}
    assert numbers["people"] == {"people": 31, "withdrawn": 3}
    assert numbers["certificates"]["certificates"] == 31
    assert numbers["streams"]["entries compared"] == numbers["streams"]["entries"] > 100
    assert numbers["opinions"] == {"submitted": 16, "pooled": 4, "released": 12, "dropped": 0}


async def test_databases_in_which_nothing_ever_happened_are_clean(
    databases: Databases, redis: Redis, redis_url: str
) -> None:
    assert await redis.dbsize() == 0
    made = [await databases.make(service) for service in ("enrolment", "certificates", "reporting")]
    async with world_on(*made, redis_url=redis_url) as world:
        report = await world.audit(deep=True)
        assert report.clean, report.findings
        notes = {note for check in report.checks for note in check.notes}
        assert notes == {f"{group} has never run" for group in GROUPS}
    for database in made:
        await databases.drop(database)


async def test_it_stays_clean_while_people_enrol_and_withdraw(world: World) -> None:
    async with running_api(world.enrolment) as api, world.living():
        field = FieldDay(api, first=1000)

        async def keep_enrolling(segment: str) -> None:
            while True:
                people = await field.enrol(segment, 7)
                await field.withdraw(people[2], segment)

        load = [asyncio.create_task(keep_enrolling(segment)) for segment in SEGMENTS]
        try:
            seen = []
            for _ in range(4):
                report = await world.audit(deep=True, patience=20)
                assert report.clean, report.findings
                seen.append(next(c.numbers["people"] for c in report.checks if c.name == "people"))
            assert seen == sorted(set(seen)), "nothing happened meanwhile"
        finally:
            for each in load:
                each.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*load)
        await world.settled()
    report = await world.audit(deep=True)
    assert report.clean, report.findings


async def test_a_trimmed_stream_is_judged_from_its_floor(world: World) -> None:
    await world.run("enrolment", "update enrolment_head set floor = 5 where partition = 10")
    assert await world.redis.xtrim("enrolment.{10}", minid="1-4", approximate=False) == 3
    report = await world.audit(deep=True)
    assert report.clean, report.findings


async def test_all_is_clean_again_after_a_database_was_restored(
    world: World, databases: Databases, sound: Sound
) -> None:
    async with running_api(world.enrolment) as api, world.living():
        field = FieldDay(api, first=1000)
        people = await field.enrol("S11-AC017", 3)
        await field.withdraw(people[0], "S11-AC017")
        await field.enrol("S24-AC036", 2)
        await world.settled()
    restored = await copy_of(databases, sound.databases[0])
    others = [Database("", url) for url in (world.sources.certificates, world.sources.reporting)]
    async with world_on(restored, *others, redis_url=world.sources.redis) as later:
        assert not (await later.audit()).clean
        async with running_api(later.enrolment) as api, later.living():
            await FieldDay(api, first=2000).enrol("S11-AC017", 2)
            await forked(later)
            await later.settled()
        report = await later.audit(deep=True)
        assert report.clean, report.findings
    await databases.drop(restored)


async def forked(world: World) -> None:
    """Wait until the relay has found both partitions that the restored database lacks."""
    query = "select partition from enrolment_head where epoch > 1 order by 1"
    for _ in range(1_200):
        if [tuple(row) for row in await world.rows("enrolment", query)] == [(10,), (14,)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the relay does not see that the database was restored")


async def test_consumers_that_lag_are_judged_where_they_stand(world: World) -> None:
    async with running_api(world.enrolment) as api, world.relaying():
        await FieldDay(api, first=1000).enrol("S11-AC017", 5)
        report = await world.audit(deep=True, patience=20)
    assert report.clean, report.findings
    behind = next(check.numbers for check in report.checks if check.name == "positions")
    assert behind["certificates behind enrolment"] == behind["reporting behind enrolment"] == 5
