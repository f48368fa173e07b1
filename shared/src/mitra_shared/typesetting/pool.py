"""The pool: renderings from a few worker processes, whatever happens to one of them.

    await pool.made(request) -> queue (bounded) -> a worker -> bytes, or RenderFailed

Workers start when they are first needed. One that crashes, hangs or has grown is replaced by a new one, and
its request is tried again a bounded number of times; the others never notice. One that has been idle for long
enough ends.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mitra_shared.typesetting.worker_process import Refused, WorkerLost, WorkerProcess

SECONDS_PER_PAGE: Final = 0.05
"""What the time for a request grows by with every page."""


def nobody_asks(prepared: int) -> None:
    """Where nobody asked for progress."""


class RenderFailed(Exception):
    """This cannot be rendered. The message says why, and holds no name."""


class PoolBusy(Exception):
    """More is waiting already than the pool keeps; ask again later."""


class PoolClosed(Exception):
    """The pool was closed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the pool bears.

    Attributes:
        waiting: requests that may wait for a worker.
        seconds: a worker has for one page, its start included.
        attempts: how often a request is tried when its worker is lost.
        memory: bytes after which a worker is replaced once it has answered.
        times_memory: how many times as much it can map at most; beyond that it ends.
        idle_seconds: after which a worker with nothing to do ends; None: it stays.
    """

    waiting: int = 64
    seconds: float = 15.0
    attempts: int = 2
    memory: int = 512 * 1024 * 1024
    times_memory: int = 8
    idle_seconds: float | None = None


@dataclass(slots=True)
class PoolCounts:
    """What has happened since the start: for metrics."""

    done: int = 0
    refused: int = 0
    failed: int = 0
    lost: int = 0
    outgrown: int = 0


class WorkerPool:
    """Worker processes that render. Belongs to one event loop."""

    def __init__(
        self,
        module: str,
        templates: Path,
        *,
        workers: int,
        limits: Limits | None = None,
        system_fonts: bool = True,
        threads: int = 1,
    ) -> None:
        """Nothing is started yet.

        Args:
            module: what a worker runs; it calls `serving.serve`.
            templates: their directory.
            workers: processes at most.
            limits: what the pool bears.
            system_fonts: without them only the fonts of the wheels count.
            threads: of each worker. More of them help many pages; single ones are set faster by more workers.
        """
        self.counts = PoolCounts()
        self._module, self._templates = module, templates.resolve()
        self._limits = limits or Limits()
        self._system_fonts, self._threads = system_fonts, threads
        self._places = asyncio.Semaphore(workers)
        self._idle: dict[WorkerProcess, asyncio.TimerHandle | None] = {}
        self._working: set[WorkerProcess] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Requests that wait for a worker."""
        return self._waiting

    def pids(self) -> set[int]:
        """The process ids of the workers that are running."""
        return {worker.pid for worker in (*self._idle, *self._working)}

    @property
    def working(self) -> int:
        """Workers that are at work."""
        return len(self._working)

    async def close(self) -> None:
        """End all workers; what is being rendered fails with `PoolClosed`."""
        self._closed = True
        idle = [self._taken() for _ in range(len(self._idle))]
        await asyncio.gather(
            *(worker.stop() for worker in idle), *(worker.kill() for worker in self._working), *self._ending
        )

    async def made(
        self, body: dict[str, Any], *, pages: int = 1, tell: Callable[[int], None] = nobody_asks
    ) -> bytes:
        """What a worker makes of a request.

        Args:
            body: the request, as JSON can hold it.
            pages: how many pages it asks for.
            tell: called with the number of pages that are prepared.

        Raises:
            RenderFailed, PoolBusy, PoolClosed
        """
        message = json.dumps(body, ensure_ascii=False).encode()
        seconds = self._limits.seconds + SECONDS_PER_PAGE * pages
        why = ""
        async with self._place():
            for _ in range(self._limits.attempts):
                try:
                    made = await self._tried(message, seconds, tell)
                except Refused as refusal:
                    self.counts.refused += 1
                    raise RenderFailed(str(refusal)) from None
                except WorkerLost as loss:
                    if self._closed:
                        raise PoolClosed("the pool was closed while it worked on this") from None
                    self.counts.lost += 1
                    why = str(loss)
                else:
                    self.counts.done += 1
                    return made
        self.counts.failed += 1
        raise RenderFailed(f"{why}, {self._limits.attempts} times")

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the places to work at, after waiting in line for it."""
        if self._closed:
            raise PoolClosed("the pool is closed")
        if self._places.locked() and self._waiting >= self._limits.waiting:
            raise PoolBusy(f"{self._waiting} renderings are waiting already")
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()

    async def _tried(self, message: bytes, seconds: float, tell: Callable[[int], None]) -> bytes:
        """One attempt. A worker that is not known to be well afterwards, for whatever reason, is killed."""
        if self._closed:
            raise PoolClosed("the pool is closed")
        worker = self._taken() if self._idle else await self._started()
        self._working.add(worker)
        well = False
        try:
            async with asyncio.timeout(seconds):
                made = await worker.ask(message, tell)
            well = True
        except Refused:
            well = True
            raise
        except TimeoutError:
            raise WorkerLost(f"the worker did not answer within {seconds:.0f} s") from None
        finally:
            self._working.discard(worker)
            await self._put_back(worker, well=well)
        return made

    def _taken(self) -> WorkerProcess:
        """The worker that was idle for the shortest time."""
        worker, timer = self._idle.popitem()
        if timer is not None:
            timer.cancel()
        return worker

    async def _put_back(self, worker: WorkerProcess, *, well: bool) -> None:
        outgrown = worker.memory > self._limits.memory
        self.counts.outgrown += well and outgrown
        if well and not outgrown and not self._closed:
            seconds = self._limits.idle_seconds
            loop = asyncio.get_running_loop()
            self._idle[worker] = None if seconds is None else loop.call_later(seconds, self._retire, worker)
        else:
            await asyncio.shield(worker.kill())

    def _retire(self, worker: WorkerProcess) -> None:
        """End a worker that nobody needed."""
        del self._idle[worker]
        ending = asyncio.get_running_loop().create_task(worker.stop())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _started(self) -> WorkerProcess:
        return await WorkerProcess.start(
            self._module,
            self._templates,
            system_fonts=self._system_fonts,
            address_space=self._limits.memory * self._limits.times_memory,
            threads=self._threads,
        )
