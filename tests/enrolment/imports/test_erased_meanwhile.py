"""People who are erased while a sheet that has them is read or enrolled: it enrols them no more."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.commands.erase_mitras import erase
from enrolment.imports.worker import ImportMetrics, ImportWorker
from enrolment.intake.desk import IntakeDesk, Judged
from enrolment.intake.items import Answer
from enrolment.storage import erasures
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work
from tests.enrolment.imports.import_world import ImportWorld, csv_file, import_world, line, people, table
from tests.enrolment.intake_api import IntakeApi, count, person, rows


def phone(number: int) -> str:
    """As `line` has it."""
    return f"+9198{number:08d}"


async def enrolled_and_due(api: IntakeApi, *numbers: int) -> None:
    """People who were enrolled, have withdrawn, and are to be erased by now."""
    for number in numbers:
        enrolled = await api.enrol(person(number, phone=phone(number)))
        assert enrolled.status_code == 201, enrolled.text
        mitra = enrolled.json()["mitra_id"]
        assert (await api.post(f"/v1/mitras/{mitra}/withdrawal")).status_code == 200
    async with unit_of_work(api.engine) as unit:
        await work_as(unit.connection, Work.UPKEEP)
        await unit.connection.execute(
            text(
                "update mitra set erase_at = now(), erasure_why = 'asked',"
                " erasure_noticed_at = now() - interval '49 hours'"
            )
        )


async def erase_due(connection: AsyncConnection) -> int:
    now = datetime.now(UTC) + timedelta(seconds=5)
    await work_as(connection, Work.UPKEEP)
    due = await erasures.take_due(connection, now, at_most=10)
    await erase(connection, due, now)
    return len(due)


async def until_it_waits(engine: AsyncEngine) -> None:
    """Until somebody waits for an advisory lock."""
    waits = "select count(*) as waiting from pg_locks where locktype = 'advisory' and not granted"
    async with asyncio.timeout(60):
        while not (await rows(engine, waits))[0].waiting:  # noqa: ASYNC110 - Postgres does not call
            await asyncio.sleep(0.01)


class ErasingDesk(IntakeDesk):
    """The desk at which rows arrive while an erasure is carried out that is committed a moment later."""

    def __init__(self, desk: IntakeDesk, engine: AsyncEngine, expected: int) -> None:
        self._desk = desk
        self._engine = engine
        self._expected: int | None = expected

    async def enrol_judged(self, judged: Sequence[Judged]) -> list[Answer]:
        if self._expected is None:
            return await self._desk.enrol_judged(judged)
        # The next batch is made ready meanwhile.
        await asyncio.sleep(0.2)
        async with unit_of_work(self._engine) as unit:
            assert await erase_due(unit.connection) == self._expected
            asked = asyncio.create_task(self._desk.enrol_judged(judged))
            await until_it_waits(self._engine)
        self._expected = None
        return await asked


async def test_rows_that_were_read_ahead_enrol_nobody_who_is_erased_meanwhile(
    campaign_engine: AsyncEngine,
) -> None:
    async with import_world(campaign_engine, at_once=2) as running:
        await enrolled_and_due(running.api, 1, 3)
        shop = replace(running.shop, desk=ErasingDesk(running.shop.desk, campaign_engine, 2))
        world = ImportWorld(running.api, ImportWorker(shop, ImportMetrics(CollectorRegistry())), shop)
        told = await world.preview(people(7))
        done = await world.accept(told)
        assert (done["state"], done["remaining"]) == ("done", 0)
        assert done["outcomes"] == {"enrolled": 5, "not_tried": 2}
        assert await world.problems(done) == [(3, "phone", "cells-gone"), (5, "phone", "cells-gone")]
        assert [row[0] for row in await world.result(done)] == ["row", "3", "5"]
        assert await count(campaign_engine, "mitra") == 2 + 5
        left = await rows(campaign_engine, "select count(*) as named from mitra where name is not null")
        assert left[0].named == 5
        # Nothing is left by which the two could be known: sent and accepted anew, the sheet enrols them.
        again = await world.accept(await world.preview(people(7)))
        assert again["outcomes"] == {"enrolled": 2, "enrolled_before": 5}


async def test_a_row_that_is_emptied_behind_what_was_read_is_settled_too(
    campaign_engine: AsyncEngine,
) -> None:
    async with import_world(campaign_engine, at_once=2) as running:
        await enrolled_and_due(running.api, 8)
        shop = replace(running.shop, desk=ErasingDesk(running.shop.desk, campaign_engine, 1))
        world = ImportWorld(running.api, ImportWorker(shop, ImportMetrics(CollectorRegistry())), shop)
        # The row of the erased person is at the end, and nothing of it is in the batches made ready.
        file = csv_file(table([*(line(20 + number) for number in range(20)), line(8)]))
        told = await world.preview(file)
        body = {"preview": told["preview"], "papers_are_signed": True}
        assert (await world.ask("POST", f"/{told['id']}/accept", json=body)).status_code == 202
        done = await world.worked(told["id"])
        assert (done["state"], done["remaining"]) == ("done", 0)
        assert done["outcomes"] == {"enrolled": 20, "not_tried": 1}


async def test_a_file_that_is_read_while_somebody_is_erased_is_not_previewed(world: ImportWorld) -> None:
    await enrolled_and_due(world.api, 1)
    told = await world.send(people(3))
    async with unit_of_work(world.api.engine) as unit:
        assert await erase_due(unit.connection) == 1
        reading = asyncio.create_task(world.worker.turn())
        await until_it_waits(world.api.engine)
    assert await reading
    told = await world.worked(told["id"])
    assert (told["state"], told["why"]) == ("unreadable", "file-gone")
    assert await count(world.api.engine, "sheet_import_row") == 0
