"""The preparer: has broadcasts prepared and brought to their end, until shutdown."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import Clock
from enrolment.commands.prepare_broadcasts import prepare_broadcasts
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.http.probes import Heartbeat
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

PAUSE_SECONDS: Final = 1.0
READY_WITHIN_SECONDS: Final = 30.0


class Preparer:
    """The loop. `heartbeat` tells when it last got through."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._campaigns = LoadedCampaigns()
        self.heartbeat = Heartbeat("look at broadcasts", within=READY_WITHIN_SECONDS)

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Work until shutdown; the database may come and go."""
        away = 0
        while not shutdown.requested:
            try:
                await prepare_broadcasts(self._engine, self._campaigns, self._clock(), self.heartbeat.beat)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.warning("broadcasts wait for the database", error=describe_error(error))
                await shutdown.sleep(backoff(away))
                away += 1
                continue
            away = 0
            await shutdown.sleep(PAUSE_SECONDS)
