"""One connection to a database, and one repeatable-read, read-only snapshot of it."""

from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg

from mitra_shared.ops.audit.sources import CannotAudit

PAGE_ROWS: Final = 2_000
"""Rows held at a time when many are read."""

CONNECT_SECONDS: Final = 30
STATEMENT_SECONDS: Final = 300

Row = Any
"""An `asyncpg.Record`."""


class Snapshot:
    """A database as it was at the first statement after `begin`.

    Every method raises `asyncpg.PostgresError`, `asyncpg.InterfaceError` or `OSError` where the database is
    away; `audit` tells that in plain words.
    """

    def __init__(self, name: str, connection: Any) -> None:
        self.name = name
        self._connection = connection
        self._transaction: Any = None

    async def begin(self) -> None:
        """Take a fresh snapshot, in place of the one before."""
        await self.end()
        transaction = self._connection.transaction(isolation="repeatable_read", readonly=True)
        await transaction.start()
        self._transaction = transaction
        await self._connection.fetchval("select 1")

    async def rows(self, query: str, *arguments: Any) -> list[Row]:
        """All rows of a query with few."""
        found: list[Row] = await self._connection.fetch(query, *arguments)
        return found

    async def pages(self, query: str, *arguments: Any) -> AsyncIterator[list[Row]]:
        """The rows of a query with many, `PAGE_ROWS` at a time from a cursor on the server."""
        cursor = await self._connection.cursor(query, *arguments)
        while rows := await cursor.fetch(PAGE_ROWS):
            yield rows

    async def close(self) -> None:
        """End the snapshot and the connection."""
        self._connection.terminate()

    async def end(self) -> None:
        """Leave the snapshot: what is read from now on is what is there."""
        if self._transaction is not None:
            await self._transaction.rollback()
            self._transaction = None


async def connect(name: str, url: str) -> Snapshot:
    """A connection that can only read, bounded in what a statement may take.

    Raises:
        CannotAudit: the database cannot be opened.
    """
    try:
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            server_settings={
                "application_name": "mitra audit",
                # Postgres shows people to whoever says what for.
                "mitra.work": "audit",
                "default_transaction_read_only": "on",
                "statement_timeout": str(STATEMENT_SECONDS * 1000),
                "idle_in_transaction_session_timeout": "0",
                "timezone": "UTC",
                # One core, and no time for compiling: the services are at work.
                "max_parallel_workers_per_gather": "0",
                "jit": "off",
                "work_mem": "64MB",
            },
        )
    except TimeoutError:
        raise CannotAudit(f"the {name} database does not answer within {CONNECT_SECONDS} s") from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise CannotAudit(f"the {name} database cannot be opened: {in_words(error)}") from None
    return Snapshot(name, connection)


def in_words(error: BaseException) -> str:
    """First line of an error, or its kind if it says nothing."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__
