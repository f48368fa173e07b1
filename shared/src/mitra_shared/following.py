"""Keeping in memory what a database says: looking whether it changed, twice a second until shutdown."""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog import get_logger

from mitra_shared.database import is_infrastructure
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

LOOK_SECONDS: Final = 0.5


async def follow(
    what: str,
    look: Callable[[AsyncConnection], Awaitable[None]],
    engine: AsyncEngine,
    shutdown: ShutdownSignal,
) -> None:
    """`look` at what changed in the database until `shutdown`; while it is away, what was read counts."""
    away = False
    while not shutdown.requested:
        try:
            async with engine.connect() as connection:
                await look(connection)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            if not away:
                log.warning(
                    "what is kept in memory cannot be read again", what=what, error=describe_error(error)
                )
            away = True
        else:
            away = False
        await shutdown.sleep(LOOK_SECONDS)
