"""What an erasure leaves in freed space and in statistics: every table it writes to is seen to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.erase_mitras import erase_mitras
from enrolment.storage.leftovers import TABLES, clear_leftovers
from enrolment.storage.row_security import Work, work_as
from tests.enrolment.intake_api import CONSTITUENCY, TestClock, load, running_api
from tests.enrolment.matching import enrolled, family_campaign, match
from tests.enrolment.staff_world import StaffWorld

NOTHING_PERSONAL = {
    "enrolment_head", "staff_head", "erasure", "staff_grant", "staff_record", "staff_change",
}  # fmt: skip
"""Written by an erasure too: ids, moments and positions alone."""

ALSO = {"sheet_import"}
"""Its sealed headings go when the import is over, not with a person."""


@contextmanager
def written(engine: AsyncEngine) -> Iterator[set[str]]:
    """Tables in which something was changed, or would have been, by transactions that commit meanwhile."""
    tables: set[str] = set()

    def note(connection: Connection) -> None:
        locked = connection.exec_driver_sql(
            "select relname from pg_locks join pg_class on pg_class.oid = relation"
            " where pid = pg_backend_pid() and mode = 'RowExclusiveLock' and relkind in ('r', 'p')"
            " and relnamespace = cast(current_schema() as regnamespace)"
        )
        tables.update(name for (name,) in locked)

    event.listen(engine.sync_engine, "commit", note)
    try:
        yield tables
    finally:
        event.remove(engine.sync_engine, "commit", note)


async def test_every_table_that_an_erasure_writes_to_is_vacuumed_and_analyzed(staff: StaffWorld) -> None:
    api = staff.api
    await load(api.engine, family_campaign(version=2))
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", CONSTITUENCY)
    mitras = [await enrolled(api, "Imran Khan", bearer=leaving.token) for _ in range(2)]
    await match(api.engine)
    assert (await api.post(f"/v1/mitras/{mitras[0]}/erasure", bearer=leaving.token)).status_code == 202
    path = f"/v1/staff/{leaving.id}/suspension"
    assert (await staff.ask("POST", path, token=headquarters.token)).is_success
    with written(api.engine) as tables:
        assert await erase_mitras(api.engine, staff.clock.now + timedelta(days=3)) == 1
        path = f"/v1/staff/{leaving.id}/erasure"
        assert (await staff.ask("POST", path, token=headquarters.token)).status_code == 204
    assert tables - NOTHING_PERSONAL == set(TABLES) - ALSO


async def test_the_planner_forgets_hashes_of_tables_that_ran_empty(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, family_campaign())
    clock = TestClock()
    async with running_api(enrolment_engine, clock=clock) as api:
        mitras = [await enrolled(api, name, 1) for name in ("Imran Khan", "Salma Bano", "Ravi Kumar")]
        await match(enrolment_engine)
        async with enrolment_engine.begin() as connection:
            await work_as(connection, Work.IMPORTS)
            await connection.execute(
                text(
                    "insert into paper_consent (mitra, import, collected_on, collected_by)"
                    " select id, id, now(), 'sealed ' || id from unnest(cast(:mitras as uuid[])) as told(id)"
                ),
                {"mitras": mitras},
            )
            await connection.execute(text("analyze matching_key, paper_consent"))
        assert await in_statistics(enrolment_engine) >= {"key", "collected_by"}
        for mitra in mitras:
            await api.post(f"/v1/mitras/{mitra}/erasure")
        assert await erase_mitras(enrolment_engine, clock.now + timedelta(days=3)) == len(mitras)
        await clear_leftovers(enrolment_engine)
        assert not await in_statistics(enrolment_engine) & {"key", "collected_by"}


async def in_statistics(engine: AsyncEngine) -> set[str]:
    """Columns of which values are kept, also where rows are secured: for a moment they are not."""
    async with engine.connect() as connection:
        for table in ("matching_key", "paper_consent"):
            await connection.execute(text(f"alter table {table} disable row level security"))
        found = await connection.execute(
            text(
                "select attname from pg_stats where tablename in ('matching_key', 'paper_consent')"
                " and concat(most_common_vals, histogram_bounds) <> ''"
            )
        )
        return set(found.scalars())
