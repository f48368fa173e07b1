"""The migration makes what the tables declare."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.migrating import migrate
from reporting.migrations import STEPS
from reporting.storage.tables import metadata


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_the_migrated_database_is_what_the_tables_declare(reporting_engine: AsyncEngine) -> None:
    async with reporting_engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrating_again_changes_nothing(reporting_engine: AsyncEngine) -> None:
    await migrate(reporting_engine, STEPS)
    async with reporting_engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
