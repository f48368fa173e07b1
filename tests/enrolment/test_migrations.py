"""The migrations and the tables the code believes in are the same."""

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.migrations import STEPS
from enrolment.storage.rights_tables import METADATA
from mitra_shared.migrating import migrate
from tests.enrolment.intake_api import rows


async def test_the_migrated_database_is_the_one_the_tables_describe(enrolment_engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    async with enrolment_engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_and_by_several_at_once_does_no_harm(blank_engine: AsyncEngine) -> None:
    await asyncio.gather(*(migrate(blank_engine, STEPS) for _ in range(3)))
    await migrate(blank_engine, STEPS)
    (version,) = await rows(blank_engine, "select version_num from alembic_version")
    assert version.version_num == "0021"
    (heads,) = await rows(blank_engine, "select count(*) from enrolment_head")
    assert heads.count == 16
