"""The forecasting process as it is seen from the api: started for a day's forecasts, gone when they are made.

jobs -> `forecasts_of` -> lines to and from `python -m reporting.forecasting` -> forecasts
"""

import asyncio
import os
import sys
from collections.abc import Iterable
from typing import Final, Self

from structlog import get_logger

from mitra_shared.ids import AreaCode
from mitra_shared.process import ShutdownSignal
from reporting.forecast_wire import READY, Forecast, Job

log = get_logger(__name__)

START_SECONDS: Final = 120.0
"""Its library takes seconds to import, on a busy machine many."""
FORECAST_SECONDS: Final = 30.0
"""For one area; then the process is killed and this area has no forecast."""
MOST_LOSSES: Final = 3
LINE_BYTES: Final = 1 << 20


class ForecastingLost(OSError):
    """The process cannot be started, has ended, or does not answer in time."""


class ForecastingProcess:
    """One process; between `start` and `end` it answers one job after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101 - `start` asks for both
        assert process.stdout is not None  # noqa: S101
        self._process, self._to, self._from = process, process.stdin, process.stdout

    @classmethod
    async def start(cls) -> Self:
        """Start it and wait until it is ready.

        Raises:
            OSError: it cannot be started, or is not ready in time.
        """
        started = cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "reporting.forecasting",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES,
                # Its matrices are small: more threads would only wait for each other.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        )  # fmt: skip
        try:
            await started._ready()
        except BaseException:
            await started.end()
            raise
        return started

    async def _ready(self) -> None:
        if await self._line(START_SECONDS) != READY:
            raise ForecastingLost("the forecasting process does not say that it is ready")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def forecast(self, job: Job) -> Forecast | None:
        """The forecast of an area; None where it can have none.

        Raises:
            ForecastingLost: start another one.
        """
        try:
            self._to.write(job.model_dump_json().encode() + b"\n")
            await self._to.drain()
        except ConnectionError as error:
            raise ForecastingLost("the forecasting process has ended") from error
        line = await self._line(FORECAST_SECONDS)
        return None if line == b"null" else Forecast.model_validate_json(line)

    async def _line(self, seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                line = await self._from.readline()
        except TimeoutError as error:
            raise ForecastingLost(f"no answer of the forecasting process within {seconds:g} s") from error
        if not line:
            raise ForecastingLost("the forecasting process has ended")
        return line.strip()

    async def end(self) -> None:
        """Kill it, whatever it does; there is nothing in it that would be lost."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def forecasts_of(jobs: Iterable[Job], shutdown: ShutdownSignal) -> dict[AreaCode, Forecast]:
    """Forecasts of those areas that have one. An area that costs a process has none, the others have theirs.

    Raises:
        OSError: no process can be started, or `MOST_LOSSES` of them were lost.
    """
    made: dict[AreaCode, Forecast] = {}
    losses = 0
    process = await ForecastingProcess.start()
    try:
        for job in jobs:
            if shutdown.requested:
                break
            try:
                forecast = await process.forecast(job)
            except ForecastingLost as error:
                losses += 1
                log.warning("an area has no forecast", area=job.area, error=str(error))
                if losses == MOST_LOSSES:
                    raise
                await process.end()
                process = await ForecastingProcess.start()
                continue
            if forecast is not None:
                made[AreaCode(job.area)] = forecast
    finally:
        await process.end()
    return made
