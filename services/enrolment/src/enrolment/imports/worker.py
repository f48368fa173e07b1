"""The loop of the imports process: takes imports that wait, one after the other on each of its lanes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter
from structlog import get_logger

from enrolment.domain.importing import State
from enrolment.imports.committing import enrol_rows
from enrolment.imports.previewing import judge_again, read_upload
from enrolment.imports.work import Held, Workshop
from enrolment.storage import imports as storage
from enrolment.storage.imports import LeaseLost
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import backoff, is_infrastructure, is_retryable
from mitra_shared.http.probes import Heartbeat
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

LANES: Final = 2
POLL_SECONDS: Final = 0.5
READY_WITHIN_SECONDS: Final = 30.0
_LONGEST_PAUSE: Final = 10.0

_WORK: Final[dict[State, Callable[[Held], Awaitable[None]]]] = {
    State.UPLOADED: read_upload,
    State.MAPPED: judge_again,
    State.ACCEPTED: enrol_rows,
}


class ImportMetrics:
    """What the process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.turns = Counter(
            "mitra_import_turns_total",
            "Turns of work on imports, by what was done",
            ["work"],
            registry=registry,
        )
        for state in _WORK:
            # Told from the start, as zero.
            self.turns.labels(work=state.value)
        self.failures = Counter(
            "mitra_import_failures_total", "Turns that failed and are done again", registry=registry
        )


class ImportWorker:
    """Works on imports until shutdown. `heartbeat` tells when it last looked for work."""

    def __init__(self, shop: Workshop, metrics: ImportMetrics) -> None:
        self._shop = shop
        self._metrics = metrics
        self.heartbeat = Heartbeat("look for imports", within=READY_WITHIN_SECONDS)

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Work until `shutdown`; what is under way then is left, and taken up by whoever comes next."""
        lanes = [
            asyncio.create_task(self._lane(shutdown), name=f"imports {number}") for number in range(LANES)
        ]
        try:
            await shutdown.wait()
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, shutdown: ShutdownSignal) -> None:
        failures = 0
        while not shutdown.requested:
            try:
                worked = await self.turn()
            except Exception as error:  # noqa: BLE001 - others' imports go on, whatever one of them does
                level = log.warning if is_infrastructure(error) or is_retryable(error) else log.error
                level(
                    "work on an import failed and is done again", error=describe_error(error, message=False)
                )
                self._metrics.failures.inc()
                await shutdown.sleep(backoff(failures, ceiling=_LONGEST_PAUSE))
                failures += 1
                continue
            failures = 0
            if not worked:
                await shutdown.sleep(POLL_SECONDS)

    async def turn(self) -> bool:
        """Work on the import that waits longest. Returns whether there was one."""
        now = self._shop.clock()
        lease = uuid4()
        async with unit_of_work(self._shop.engine) as unit:
            await work_as(unit.connection, Work.IMPORTS)
            await self._shop.campaigns.refresh(unit.connection)
            row = await storage.claim(unit.connection, lease, now, now + self._shop.lease)
        self.heartbeat.beat()
        if row is None:
            return False
        held = Held(self._shop, row, lease)
        state = State(row.state)
        renewing = asyncio.create_task(self._renew(held), name=f"lease of {row.id}")
        try:
            await _WORK[state](held)
            self._metrics.turns.labels(work=state.value).inc()
        except LeaseLost:
            log.info("an import was taken away or cancelled", upload=str(row.id))
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
        return True

    async def _renew(self, held: Held) -> None:
        """Hold the import while it is read or judged for long."""
        while True:
            await asyncio.sleep(self._shop.lease.total_seconds() / 4)
            self.heartbeat.beat()
            try:
                async with held.changing():
                    pass
            except LeaseLost:
                return
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.warning("the lease of an import was not renewed", error=describe_error(error))
