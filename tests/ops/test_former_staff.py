"""Of staff who were erased not a byte is left: in tables of three services, in streams, in dead letters."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.complete_erasures import complete_erasures
from enrolment.commands.erase_staff import EraseStaff, erase_staff
from enrolment.domain.staff import Appointer
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.security.tokens import Role
from tests.ops.broken import Breakable, Broken, assert_found, sql
from tests.ops.campaign_world import World

SERVICES = ("enrolment", "certificates", "reporting")


async def places(world: World, needles: list[str]) -> set[str]:
    """The tables and streams that hold any of these."""
    found: set[str] = set()
    for service in SERVICES:
        engine: AsyncEngine = getattr(world, service)
        async with engine.connect() as connection:
            tables = await connection.execute(
                text(
                    "select relname from pg_class where relkind in ('r', 'p')"
                    " and relnamespace = 'public'::regnamespace"
                )
            )
            for table in tables.scalars().all():
                rows = await connection.execute(text(f'select whole::text from "{table}" as whole'))  # noqa: S608
                if any(needle in row for row in rows.scalars() for needle in needles):
                    found.add(f"{service}: {table}")
    async for key in world.redis.scan_iter():
        if await world.redis.type(key) == b"stream":
            entries = str(await world.redis.xrange(key))
            if any(needle in entries for needle in needles):
                found.add("redis: " + key.decode().split(".")[0])
    return found


async def test_of_erased_staff_not_a_byte_is_left_in_tables_streams_and_letters(world: World) -> None:
    (barred,) = await world.rows(
        "enrolment",
        "select id, name, shown_name, phone, encode(login_hash, 'hex') as login, password from staff"
        " where state = 'suspended'",
    )
    needles = [barred.name, barred.shown_name, barred.phone, barred.login, barred.password]
    assert all(needles)
    (told, *_) = await world.rows(
        "enrolment",
        "select partition, epoch, position, event_id, cast(payload as text) as payload from staff_log"
        " where key = :id order by position",
        id=barred.id,
    )
    for service in ("certificates", "reporting"):
        # As of an entry that could not be applied, and was in the end.
        await world.run(
            service,
            """
            insert into dead_letter ("group", topic, partition, epoch, position, event_id, type, payload,
                                     state, error, attempts, recorded_at)
            values (:group, 'staff', :partition, :epoch, :position, :event_id, 'StaffStandingV1', :payload,
                    'done', 'made by a test', 1, now())
            """,
            group=f"{service}-staff",
            **told._mapping,
        )
    async with world.living():
        await world.settled()
        assert await places(world, needles) == {
            "enrolment: staff", "enrolment: staff_log", "enrolment: sign_in_failure",
            "redis: staff", "reporting: staff_standing",
            "reporting: dead_letter", "certificates: dead_letter",
        }  # fmt: skip
        asked = EraseStaff(
            StaffId(barred.id), CampaignId("small"), StaffId("operator"), Appointer(Role.OPERATOR, None),
            datetime.now(UTC),
        )  # fmt: skip
        await erase_staff(asked, world.enrolment)
        await world.settled()
        async with asyncio.timeout(60):
            complete = "select count(*) from staff where erasure_completed_at is not null"
            while (await world.rows("enrolment", complete))[0][0] < 2:
                await complete_erasures(world.enrolment, world.redis, datetime.now(UTC))
                await asyncio.sleep(0.05)
    assert await places(world, needles) == set()
    report = await world.audit(deep=True)
    assert report.clean, report.findings
    numbers = {check.name: check.numbers for check in report.checks}
    assert numbers["former staff"] == {"erased": 2}


_LETTER = (
    'insert into dead_letter ("group", topic, partition, epoch, position, event_id, type, payload, state,'
    " error, attempts, recorded_at)"
    " select 'reporting-staff', 'staff', partition, epoch, position, gen_random_uuid(), 'StaffStandingV1',"
    " cast(json_build_object('staff', staff, 'name', 'sealed') as text), 'done', 'x', 1, now()"
    " from staff_standing where name is null"
)


def broken(name: str, says: str, *statements: str, database: str = "enrolment") -> Broken:
    return Broken(name, sql(database, *statements), "former staff", says)


LEFT = "somebody of former staff was erased and has personal fields"
SESSION = "a session or a recovery code of erased staff tells of devices or opens something"
FORMER = [
    broken("a name that was kept", LEFT, "alter table staff drop constraint staff_erased_has_nothing_left",
           "update staff set name = 'sealed' where erased_at is not null"),
    broken("a session with its device", SESSION,
           "update staff_session set device_name = 'phone of Asha'"
           " where staff in (select id from staff where erased_at is not null)"),
    broken("a recovery code", SESSION,
           "insert into staff_recovery_code (staff, hash)"
           " select id, decode('00', 'hex') from staff where erased_at is not null"),
    broken("a name in the log", "the log of staff holds the name of somebody who was erased",
           "update staff_log set payload = jsonb_set(payload::jsonb, '{name}', '\"sealed\"')::json"
           " where key in (select id from staff where erased_at is not null)"),
    broken("somebody who was forgotten", "former staff should have been erased by now",
           "update staff set suspended_at = now() - interval '32 days' where state = 'suspended'"),
    broken("an erasure that hangs", "a stream or a file may still hold the name of erased staff",
           "update staff set erased_at = now() - interval '2 hours' where erased_at is not null"),
    broken("a letter with a name", "a dead letter holds the name of erased staff",
           _LETTER, database="reporting"),
]  # fmt: skip


@pytest.mark.parametrize("broken", FORMER, ids=str)
async def test_what_is_left_of_former_staff_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)
