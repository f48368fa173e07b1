"""Names of staff that reporting does not know yet are told, and one that cannot be opened stops nothing."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import system_clock
from enrolment.commands.tell_names import tell_some
from mitra_shared.ids import StaffId
from tests.enrolment.intake_api import rows
from tests.enrolment.staff_world import staff_world

UNTOLD = "select id from staff where shown_name is null order by id"


async def test_a_name_that_cannot_be_opened_is_left_and_the_others_are_told(
    campaign_engine: AsyncEngine,
) -> None:
    async with staff_world(campaign_engine) as world:
        broken, sound = await world.in_charge(), await world.headquarters()
        async with campaign_engine.begin() as connection:
            await connection.execute(text("update staff set shown_name = null"))
            await connection.execute(
                text("update staff set name = 'v1.other.damaged' where id = :id"), {"id": broken.id}
            )
        unreadable: set[StaffId] = set()
        staffing = world.api.service.staffing
        while await tell_some(staffing, campaign_engine, system_clock, unreadable):
            pass
        assert unreadable == {broken.id}
        assert [row.id for row in await rows(campaign_engine, UNTOLD)] == [broken.id]
        told = await rows(
            campaign_engine,
            "select payload ->> 'name' as name from staff_log where key = :id order by position desc limit 1",
            id=sound.id,
        )
        assert told[0].name
