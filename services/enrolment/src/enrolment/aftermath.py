"""What follows erasures, run beside the relay: streams, Redis' file and freed space, and who is late.

    erased -> filed; written anew (the relay) -> noted -> Redis' file rewritten, tables vacuumed -> complete

Several processes may run it: every step can be done twice.
"""

from pathlib import Path
from time import monotonic
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.clock import Clock
from enrolment.commands.complete_erasures import complete_erasures, note_written
from enrolment.commands.file_erasures import file_erasures
from enrolment.storage import erasures
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

LOOK_SECONDS: Final = 2.0
COMPLETE_SECONDS: Final = 60.0
"""Between two rewritings of Redis' file: many erasures are one."""
LONGEST_PAUSE_SECONDS: Final = 60.0


class ErasureMetrics:
    """Who waits beyond their time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.overdue = Gauge(
            "mitra_erasures_overdue", "People who should have been erased an hour ago", registry=registry
        )
        self.unfinished = Gauge(
            "mitra_erasures_unfinished",
            "People and former staff erased an hour ago of whom a stream or a file may still hold something",
            registry=registry,
        )


class Aftermath:
    """The loop; what it does can always be done again."""

    def __init__(
        self,
        engine: AsyncEngine,
        redis: Redis,
        clock: Clock,
        metrics: ErasureMetrics,
        ledger_file: Path | None = None,
    ) -> None:
        self._engine = engine
        self._ledger_file = ledger_file
        self._redis = redis
        self._clock = clock
        self._metrics = metrics
        self._completed: float | None = None

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Work until `shutdown`; an error is logged and tried again, and shows in the metrics in time."""
        failures = 0
        while not shutdown.requested:
            try:
                await self.work()
            except Exception as error:  # noqa: BLE001 - the logs must be relayed even if this cannot be done
                level = log.warning if is_infrastructure(error) else log.error
                level("erasures are not complete yet", error=describe_error(error))
                await shutdown.sleep(backoff(failures, first=1, ceiling=LONGEST_PAUSE_SECONDS))
                failures += 1
            else:
                failures = 0
                await shutdown.sleep(LOOK_SECONDS)

    async def work(self) -> None:
        """One pass."""
        now = self._clock()
        while self._ledger_file is not None and await file_erasures(self._engine, self._ledger_file, now):
            pass
        await note_written(self._engine, self._redis, now)
        if self._completed is None or monotonic() - self._completed >= COMPLETE_SECONDS:
            completed = await complete_erasures(self._engine, self._redis, now)
            if completed:
                log.info("erasures are complete", people=completed)
                self._completed = monotonic()
        async with self._engine.connect() as connection:
            await work_as(connection, Work.UPKEEP)
            late = await erasures.late(connection, now)
        self._metrics.overdue.set(late.overdue)
        self._metrics.unfinished.set(late.unfinished)
