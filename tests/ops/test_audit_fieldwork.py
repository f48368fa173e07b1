"""The audit counts field work again from the logs: what reporting keeps of it is held against that."""

import pytest

from mitra_shared.log import unit_of_work
from mitra_shared.ops.audit.report import CheckReport
from tests.ops.campaign_world import World
from tests.reporting.field import Field

DAILY = "a daily count is not that of the logs"
TOTAL = "a total is not that of the logs"
STAFF = "field work of a member of staff is not that of the log"
ROUND_WRONG = "contacts of a round are not those of the log"

BREAKS = (
    ("update rollup_day set count = count + {by} where metric = 'contacts:reached'", DAILY),
    ("update rollup_day set count = count + {by} where metric = 'topic:water'", DAILY),
    ("update rollup_total set programmes_attendance = programmes_attendance + {by}", TOTAL),
    ("update rollup_total set people_met = people_met + {by}", TOTAL),
    ("update rollup_fieldwork set count = count + {by} where metric = 'outreach:meetings'", STAFF),
    ("update rollup_round set reached = reached + {by} where round = 'round-1'", ROUND_WRONG),
)


async def told(world: World) -> None:
    """Contacts of two rounds, outreach and a discussion, each put right once, in the logs and counted."""
    field = Field()
    report = field.outreach("S11-AC017", 2, 60)
    discussion = field.discussed("S11-PC04", 200, {"housing": 30, "roads": 12})
    worked = [
        field.contacted("S11-AC017", 9, 5),
        field.contacted("S11-AC017", 4, 1),
        field.contacted("S24-AC036", 3, 3, contact_round="round-0"),
        report,
        field.outreach("S11-AC017", 3, 45, report),
    ]
    discussed = [discussion, field.discussed("S11-PC04", 190, {"housing": 30, "water": 14}, discussion)]
    for engine, events in ((world.enrolment, worked), (world.certificates, discussed)):
        async with unit_of_work(engine) as unit:
            for event in events:
                unit.emit(event)
    async with world.relaying(), world.consuming("reporting", "certificates", "credentials"):
        await world.settled()


async def rollups_of(world: World) -> CheckReport:
    return next(check for check in (await world.audit()).checks if check.name == "rollups")


async def test_field_work_that_is_not_that_of_the_logs_is_found(world: World) -> None:
    before = await rollups_of(world)
    await told(world)
    sound = await rollups_of(world)
    assert not sound.findings
    counted = ("people met", "programmes attendance", "field work by staff", "contacts by round")
    assert [sound.numbers[each] - before.numbers[each] for each in counted] == [45, 190, 6, 4]
    for statement, finding in BREAKS:
        assert await world.run("reporting", statement.format(by=1)), statement
        found = (await rollups_of(world)).findings
        assert {each.what for each in found} == {finding}, statement
        await world.run("reporting", statement.format(by=-1))
    assert not (await rollups_of(world)).findings


@pytest.mark.parametrize("table", ["rollup_fieldwork", "rollup_round"])
async def test_field_work_that_is_gone_is_found(world: World, table: str) -> None:
    await told(world)
    assert await world.run("reporting", f"delete from {table}")  # noqa: S608 - names of ours
    assert (await rollups_of(world)).findings
