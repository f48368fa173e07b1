"""A paper signed under a notice that was replaced meanwhile is taken as a record from a phone is."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.enrolment.imports.import_world import csv_file, import_world, line, table
from tests.enrolment.intake_api import load
from tests.enrolment.test_grace_of_notices import FIRST, NEWER
from tests.factories import NOTICE_VERSION, small_campaign


async def test_the_day_of_a_paper_is_held_against_the_notice_it_names(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign())
    await load(enrolment_engine, small_campaign(2, notices=[*FIRST, *NEWER], consent={"grace_days": 7}))
    papers = [
        line(1, notice_version=NOTICE_VERSION, collected_on="30-09-2026"),
        line(2, notice_version="2026-12", collected_on="30-09-2026"),
        line(3, notice_version="2026-12", collected_on="01-10-2026"),
        line(4, notice_version=NOTICE_VERSION, collected_on="01-01-2020"),
    ]
    async with import_world(enrolment_engine) as world:
        told = await world.preview(csv_file(table(papers)))
        assert await world.problems(told) == [
            (3, "collected_on", "date-before-notice"),
            (5, "collected_on", "date-before-notice"),
        ]
