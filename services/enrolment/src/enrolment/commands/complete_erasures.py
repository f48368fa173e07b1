"""See an erasure through: streams written anew, Redis' file rewritten, freed space and statistics of tables.

Every step is noted in the ledger once it is done, and done again if the process ends before that.
"""

from datetime import datetime
from typing import Final

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import erasures, former_staff
from enrolment.storage.leftovers import clear_leftovers
from mitra_shared.contracts.topics import ENROLMENT, STAFF, partition_of
from mitra_shared.log import unit_of_work
from mitra_shared.log.rewrite import words_of
from mitra_shared.relay.append_only import rewrite_append_only_file

_PEOPLE_AT_A_TIME: Final = 5_000


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
        erased = await former_staff.incomplete(connection, at_most=_PEOPLE_AT_A_TIME)
        asked = await former_staff.words_asked(connection, erased)
    words = await words_of(redis, STAFF, asked)
    staff = [person for person in erased if words[partition_of(person)].is_written]
    if not people and not staff:
        return 0
    await rewrite_append_only_file(redis)
    await clear_leftovers(engine)
    async with unit_of_work(engine) as unit:
        await erasures.mark_complete(unit.connection, people, now)
        await former_staff.mark_complete(unit.connection, staff, now)
    return len(people) + len(staff)
