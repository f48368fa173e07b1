"""Engines: which of their statements are planned anew each time."""

import pytest
from sqlalchemy import text

from mitra_shared.database import create_engine
from tests.servers import Database

PLANS = text(
    "select custom_plans, generic_plans from pg_prepared_statements where statement like 'select number %'"
)


@pytest.mark.parametrize("in_batches", [True, False])
async def test_what_comes_with_long_arrays_is_planned_for_those_it_comes_with(
    blank_database: Database, *, in_batches: bool
) -> None:
    engine = create_engine(blank_database.url, application="tests", pool_size=1, in_batches=in_batches)
    async with engine.connect() as connection:
        await connection.execute(text("create temporary table numbers (number integer primary key)"))
        for _ in range(10):
            asked = {"some": list(range(1_000))}
            await connection.execute(text("select number from numbers where number = any(:some)"), asked)
        plans = (await connection.execute(PLANS)).one()
    await engine.dispose()
    # Postgres keeps a plan from the sixth time on, and no plan of those that are made anew.
    assert (plans.custom_plans, plans.generic_plans) == ((10, 0) if in_batches else (5, 5))
