"""`python -m certificates migrate`: brings the database to the newest shape; safe to run at any time."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

_LOCK: Final = 0x4D49_5452_4102
"""Advisory lock of this database's migrations: one process migrates, the others wait for it."""


def alembic_config(connection: Connection) -> Config:
    """Alembic on an open connection, without a configuration file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine) -> None:
    """Apply the steps that are missing, in one transaction."""
    async with engine.begin() as connection:
        # A step over many rows, or another process that migrates, may take longer than the usual limits.
        await connection.execute(text("set local lock_timeout = 0"))
        await connection.execute(text("set local statement_timeout = 0"))
        await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
