"""Migrations of a service: Alembic on one connection, without a configuration file; safe at any time."""

from pathlib import Path
from typing import Final
from zlib import crc32

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

_LOCK: Final = crc32(b"mitra migrations")
"""Advisory lock of a database's migrations: one process migrates, the others wait for it."""


def alembic_config(connection: Connection, scripts: Path) -> Config:
    """Alembic on an open connection, with the steps in `scripts`."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine, scripts: Path) -> None:
    """Apply the steps that are missing, in one transaction."""
    async with engine.begin() as connection:
        # A step over many rows, or another process that migrates, may take longer than the usual limits.
        await connection.execute(text("set local lock_timeout = 0"))
        await connection.execute(text("set local statement_timeout = 0"))
        await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync, scripts), "head"))


def run_steps(metadata: MetaData) -> None:
    """What the `env.py` of a service does: run the steps on the connection that `migrate` hands in."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
