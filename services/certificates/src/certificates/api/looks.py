"""What staff see of names is put on record before it is answered."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import record
from mitra_shared.database import retrying
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


async def put_on_record(engine: AsyncEngine, caller: Caller, mitras: Sequence[UUID]) -> None:
    """Record that `caller` is about to see the names of these people on their certificates.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nothing may be shown.
    """
    looks = [
        Look(caller.subject, caller.role.value, Purpose.CERTIFICATE, mitra, ("name",)) for mitra in mitras
    ]

    async def work() -> None:
        async with unit_of_work(engine) as unit:
            await record(unit.connection, looks, datetime.now(UTC))

    if looks:
        await retrying(work)
