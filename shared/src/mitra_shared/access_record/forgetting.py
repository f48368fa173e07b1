"""The part of a process that lets entries leave the access record once their year is over."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.access_record.record import forget
from mitra_shared.database import is_infrastructure
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

EVERY_SECONDS: Final = 3_600.0
AGAIN_SECONDS: Final = 60.0
_AT_A_TIME: Final = 5_000


async def forget_old_looks(engine: AsyncEngine, shutdown: ShutdownSignal) -> None:
    """Look every hour until `shutdown`; any number of processes may, and the database may be away."""
    while not shutdown.requested:
        pause = EVERY_SECONDS
        try:
            async with unit_of_work(engine) as unit:
                if await forget(unit.connection, datetime.now(UTC), at_most=_AT_A_TIME) == _AT_A_TIME:
                    pause = 0
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("old looks cannot be forgotten yet", error=describe_error(error))
            pause = AGAIN_SECONDS
        await shutdown.sleep(pause)
