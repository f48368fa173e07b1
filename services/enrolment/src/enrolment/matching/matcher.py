"""The loop of the matcher: follows the log of the service, until shutdown.

Any number of processes may run it; an advisory lock lets one of them work at a time.
"""

from time import monotonic
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import Clock
from enrolment.commands.clear_people import clear_people
from enrolment.commands.examine_people import examine_people
from enrolment.matching.metrics import MatcherMetrics
from enrolment.matching.name_keys import NameKeys
from enrolment.storage import likely_duplicates, matching
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.http.probes import Heartbeat
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

REST_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 15.0
READY_WITHIN_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 10.0


class Matcher:
    """The loop. `heartbeat` tells when a pass last succeeded; without one the process is not ready."""

    def __init__(self, engine: AsyncEngine, names: NameKeys, metrics: MatcherMetrics, clock: Clock) -> None:
        self._engine = engine
        self._names = names
        self._metrics = metrics
        self._clock = clock
        self._campaigns = LoadedCampaigns()
        self._looked_at: float | None = None
        self.heartbeat = Heartbeat("pass of the matcher", within=READY_WITHIN_SECONDS)

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Work until `shutdown`; an error is logged and shows in readiness, and never ends the process."""
        failures = 0
        while not shutdown.requested:
            try:
                worked = await self.work()
                await self._look()
            except Exception as error:  # noqa: BLE001 - what is wrong with one name may be put right meanwhile
                level = log.warning if is_infrastructure(error) else log.error
                level("matching failed and is tried again", error=describe_error(error))
                await shutdown.sleep(backoff(failures, ceiling=LONGEST_PAUSE_SECONDS))
                failures += 1
                continue
            failures = 0
            self.heartbeat.beat()
            if not worked:
                await shutdown.sleep(REST_SECONDS)

    async def work(self) -> bool:
        """One pass, bounded. Returns whether there may be more to do.

        Raises:
            sqlalchemy.exc.DBAPIError, OSError: the database is away.
            SealError: a name cannot be opened.
        """
        examined = await examine_people(self._engine, self._names)
        self._metrics.examined.inc(examined.people)
        if examined.opened:
            log.info("likely duplicates were found", pairs=examined.opened)
        async with self._engine.connect() as connection:
            await self._campaigns.refresh(connection)
        waiting = [
            each.definition.id
            for each in self._campaigns.all()
            if each.definition.issuing.issue_on == "cleared"
        ]
        cleared = await clear_people(self._engine, waiting, self._clock())
        self._metrics.cleared.inc(cleared)
        return bool(examined.entries or cleared)

    async def _look(self) -> None:
        if self._looked_at is not None and monotonic() - self._looked_at < LOOK_SECONDS:
            return
        async with self._engine.connect() as connection:
            await work_as(connection, Work.MATCHER)
            self._metrics.see(
                await matching.behind(connection), await likely_duplicates.count_open(connection)
            )
        self._looked_at = monotonic()
