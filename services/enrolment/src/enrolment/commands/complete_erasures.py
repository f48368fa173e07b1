"""See an erasure through: streams written anew, Redis' file rewritten, freed space of tables given back.

Every step is noted in the ledger once it is done, and done again if the process ends before that.
"""

from datetime import datetime
from typing import Final

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import erasures
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.log import unit_of_work
from mitra_shared.log.rewrite import words_of
from mitra_shared.relay.append_only import rewrite_append_only_file

_PEOPLE_AT_A_TIME: Final = 5_000
_TABLES: Final = (
    "mitra", "enrolment_log", "outcome", "duplicate_record", "sheet_import", "sheet_import_file",
    "sheet_import_row", "paper_consent", "matching_key",
)  # fmt: skip
_VACUUM_MS: Final = 15 * 60 * 1000


async def note_written(engine: AsyncEngine, redis: Redis, now: datetime) -> int:
    """Note whose streams the relays have written anew by now. Returns how many people those are.

    Raises:
        sqlalchemy.exc.DBAPIError, redis.exceptions.RedisError, OSError: a server is away.
    """
    async with engine.connect() as connection:
        waiting = await erasures.unwritten(connection, at_most=_PEOPLE_AT_A_TIME)
    # The heads were read first: a stream under their word was written after these people were erased.
    words = await words_of(redis, ENROLMENT, {row.partition: row.asked for row in waiting})
    done = [row.mitra for row in waiting if words[row.partition].is_written]
    if done:
        async with unit_of_work(engine) as unit:
            await erasures.mark_written(unit.connection, done, now)
    return len(done)


async def complete_erasures(engine: AsyncEngine, redis: Redis, now: datetime) -> int:
    """Rewrite Redis' file and vacuum the tables, for all whose streams are written anew. Returns how many.

    Raises:
        sqlalchemy.exc.DBAPIError, redis.exceptions.RedisError, OSError: a server is away, or busy with a
            rewriting of its own for too long.
    """
    async with engine.connect() as connection:
        people = await erasures.incomplete(connection, at_most=_PEOPLE_AT_A_TIME)
    if not people:
        return 0
    await rewrite_append_only_file(redis)
    await _vacuum(engine)
    async with unit_of_work(engine) as unit:
        await erasures.mark_complete(unit.connection, people, now)
    return len(people)


async def _vacuum(engine: AsyncEngine) -> None:
    """Vacuum takes no transaction, and longer than a statement of ours may otherwise."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"set statement_timeout = {_VACUUM_MS}"))
        try:
            await connection.execute(text(f"vacuum (index_cleanup on) {', '.join(_TABLES)}"))
        finally:
            # With its setting the connection is of no use to others.
            await connection.invalidate()
