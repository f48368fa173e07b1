"""The migrations make what the tables say, once, however often and from however many places they run."""

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.migrations import STEPS
from certificates.storage.paper_tables import print_sheet
from mitra_shared.migrating import migrate


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": False}
    )
    return list(compare_metadata(context, print_sheet.metadata))


async def test_the_migrated_tables_are_those_of_the_code(certificates_engine: AsyncEngine) -> None:
    async with certificates_engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_or_from_two_places_changes_nothing(blank_engine: AsyncEngine) -> None:
    await asyncio.gather(migrate(blank_engine, STEPS), migrate(blank_engine, STEPS))
    await migrate(blank_engine, STEPS)
    async with blank_engine.connect() as connection:
        assert await connection.scalar(text("select count(*) from certificates_head")) == 16
        assert await connection.scalar(text("select version_num from alembic_version")) == "0010"
