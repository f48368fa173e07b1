"""The press: takes a sheet that waits, has it set, and puts the files in the store.

Any number of processes may run one. A job is held under a lease in the database, so one that was killed is
taken up by another, or by its own next start; whoever lost the lease has nothing to say any more.
"""

import asyncio
from time import monotonic
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from certificates.issuer import Issuer
from certificates.press.setting import Progress, SheetSet, SheetSetting
from certificates.press.store import SheetStore
from certificates.rendering.pool import RenderPool
from certificates.storage import press_jobs, sheets
from certificates.storage.press_jobs import LEASE_SECONDS, Finished, Job, Stage
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.typesetting.pool import PoolBusy, PoolClosed

KEEP_SECONDS: Final = 24 * 3_600
LOOK_SECONDS: Final = 1.0
TELL_SECONDS: Final = 0.5
"""Between two words on how far it is, each of which keeps the lease."""
TIDY_SECONDS: Final = 60.0
MOST_ATTEMPTS: Final = 3
"""How often a job may lose its worker before it is given up until somebody asks again."""

log = get_logger(__name__)


class Press:
    """Makes sheets, one at a time."""

    def __init__(
        self,
        engine: AsyncEngine,
        issuer: Issuer,
        pool: RenderPool,
        store: SheetStore,
        *,
        most_bytes: int,
    ) -> None:
        """Make sheets out of what `issuer` opens; `store` is to hold about `most_bytes` of them."""
        self._engine = engine
        self._issuer = issuer
        self._pool = pool
        self._store = store
        self._most_bytes = most_bytes

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Make what waits until `shutdown`; database, workers and directory may come and go."""
        failures, tidied = 0, -TIDY_SECONDS
        while not shutdown.requested:
            try:
                if monotonic() - tidied > TIDY_SECONDS:
                    await self.tidy()
                    tidied = monotonic()
                busy = await self.work_once(shutdown)
            except Exception as error:
                if not _passes(error):
                    raise
                log.warning("the press waits", reason=describe_error(error))
                await shutdown.sleep(backoff(failures))
                failures += 1
            else:
                failures = 0
                if not busy:
                    await shutdown.sleep(LOOK_SECONDS)

    async def tidy(self) -> None:
        """Give up renderings that are old or too many, and remove the files of those that are given up."""
        async with unit_of_work(self._engine) as unit:
            await press_jobs.drop_old(unit.connection, self._most_bytes)
        async with self._engine.connect() as connection:
            kept = await press_jobs.kept(connection)
        await self._store.remove_all_but(kept)

    async def work_once(self, shutdown: ShutdownSignal) -> bool:
        """Take the next job and finish it; give it back when the process is to stop.

        Returns:
            Whether there was one.

        Raises:
            Exception: database, workers or directory fail; the job waits.
        """
        worker = uuid4()
        async with unit_of_work(self._engine) as unit:
            job = await press_jobs.claim(unit.connection, worker)
            if job is not None and job.attempts > MOST_ATTEMPTS:
                trouble = f"whoever worked on it was lost {MOST_ATTEMPTS} times"
                await press_jobs.rest(unit.connection, job.sheet, worker, Stage.FAILED, trouble)
                return True
        if job is None:
            return False
        try:
            await self._hold_and_make(job, worker, shutdown)
        except Exception as error:
            passes = _passes(error)
            stage, trouble = (Stage.WAITING if passes else Stage.FAILED), _in_words(error)
            await self._rest(job, worker, stage, trouble)
            if passes:
                raise
            log.error("a sheet cannot be made", sheet=str(job.sheet), error=describe_error(error))
        return True

    async def _hold_and_make(self, job: Job, worker: UUID, shutdown: ShutdownSignal) -> None:
        """Work for as long as the lease is held and the process is to live."""
        progress = Progress(Stage.OPENING, 0, job.total)
        making = asyncio.create_task(self._make(job, worker, progress))
        holding = asyncio.create_task(self._hold(job.sheet, worker, progress))
        stopping = asyncio.create_task(shutdown.wait())
        try:
            await asyncio.wait({making, holding, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if making.done():
                making.result()
            elif holding.done():
                holding.result()
                log.info("a sheet is taken over or begun again", sheet=str(job.sheet))
            else:
                await self._rest(job, worker, Stage.WAITING)
        finally:
            for task in (making, holding, stopping):
                task.cancel()
            await asyncio.gather(making, holding, stopping, return_exceptions=True)

    async def _hold(self, sheet: UUID, worker: UUID, progress: Progress) -> None:
        """Tell how far it is and keep the lease; returns once it is lost."""
        heard = monotonic()
        while monotonic() - heard < LEASE_SECONDS:
            await asyncio.sleep(TELL_SECONDS)
            try:
                async with unit_of_work(self._engine) as unit:
                    held = await press_jobs.renew(
                        unit.connection, sheet, worker, progress.stage, progress.prepared, progress.total
                    )
            except Exception as error:
                if not is_infrastructure(error):
                    raise
            else:
                if not held:
                    return
                heard = monotonic()

    async def _make(self, job: Job, worker: UUID, progress: Progress) -> None:
        async with self._engine.connect() as connection:
            sheet = await sheets.of_job(connection, job.sheet)
        made = await SheetSetting(self._engine, self._issuer, self._pool, sheet, progress).set()
        if made.failed:
            async with unit_of_work(self._engine) as unit:
                await press_jobs.fail_members(unit.connection, sheet.id, made.failed)
        if made.places:
            await self._finish(job, worker, made)
        else:
            await self._rest(job, worker, Stage.EMPTY)

    async def _finish(self, job: Job, worker: UUID, made: SheetSet) -> None:
        rendering = uuid4()
        key = await self._store.write(job.sheet, rendering, made.parts)
        size = sum(map(len, made.parts.values()))
        finished = Finished(rendering, key, size, made.places, KEEP_SECONDS)
        async with unit_of_work(self._engine) as unit:
            if not await press_jobs.finish(unit.connection, job.sheet, worker, finished):
                # One of its pages was revoked a moment ago, or somebody else has the job by now.
                await press_jobs.rest(unit.connection, job.sheet, worker, Stage.WAITING)

    async def _rest(self, job: Job, worker: UUID, stage: Stage, trouble: str | None = None) -> None:
        try:
            async with unit_of_work(self._engine) as unit:
                await press_jobs.rest(unit.connection, job.sheet, worker, stage, trouble)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.info("a job rests once its lease is over", sheet=str(job.sheet))


def _passes(error: Exception) -> bool:
    """Whether it says nothing about the sheet: it may succeed a little later."""
    return isinstance(error, PoolBusy | PoolClosed) or is_infrastructure(error)


def _in_words(error: Exception) -> str:
    """One line without what an unexpected error may repeat of the certificates."""
    known = isinstance(error, PoolBusy | PoolClosed) or type(error).__module__.startswith("certificates.")
    return str(error) if known else type(error).__name__
