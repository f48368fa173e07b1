"""The pool: renderings from a few worker processes, whatever happens to one of them.

    await pool.pdf(page, language) -> queue (bounded) -> a worker -> bytes, or RenderFailed

Workers start when they are first needed. One that crashes, hangs or has grown is replaced by a new one, and
its request is tried again a bounded number of times; the others never notice.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from certificates.rendering.manifest import Manifest, manifest_data
from certificates.rendering.names import NothingToShow
from certificates.rendering.page import Page
from certificates.rendering.typesetter import TEMPLATES
from certificates.rendering.worker_process import Refused, WorkerLost, WorkerProcess
from mitra_shared.campaign.definition import Language

LARGEST_SHEET: Final = 1_000
PNG_WIDTHS: Final = range(100, 4_001)
SECONDS_PER_PAGE: Final = 0.05
"""What the time for a sheet grows by with every page."""


def _nobody_asks(prepared: int) -> None:
    """Where nobody asked for progress."""


Tell = Callable[[int, int], None]
"""Called with the number of pages that are prepared, and of all pages."""


class RenderFailed(Exception):
    """This page cannot be rendered. The message says why, and holds no name."""


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
    """

    waiting: int = 64
    seconds: float = 15.0
    attempts: int = 2
    memory: int = 512 * 1024 * 1024
    times_memory: int = 8


@dataclass(slots=True)
class PoolCounts:
    """What has happened since the start: for metrics."""

    done: int = 0
    refused: int = 0
    failed: int = 0
    lost: int = 0
    outgrown: int = 0


class RenderPool:
    """Worker processes that render. Belongs to one event loop."""

    def __init__(
        self,
        *,
        workers: int,
        templates: Path = TEMPLATES,
        limits: Limits | None = None,
        system_fonts: bool = True,
        threads: int = 1,
    ) -> None:
        """Nothing is started yet.

        Args:
            workers: processes at most.
            templates: their directory; to be checked before with `check_templates`.
            limits: what the pool bears.
            system_fonts: without them only the fonts of the wheels count.
            threads: of each worker. More of them help a sheet; single pages are set faster by more workers.
        """
        self.counts = PoolCounts()
        self._templates = templates.resolve()
        self._limits = limits or Limits()
        self._system_fonts, self._threads = system_fonts, threads
        self._places = asyncio.Semaphore(workers)
        self._idle: list[WorkerProcess] = []
        self._working: set[WorkerProcess] = set()
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

    async def pdf(self, page: Page, language: Language) -> bytes:
        """A certificate as PDF/A-3a and PDF/UA-1, with its token attached.

        Raises:
            RenderFailed, PoolBusy, PoolClosed
        """
        return await self._made({"make": "pdf", "page": page.to_data(), "language": language})

    async def png(self, page: Page, language: Language, width: int) -> bytes:
        """A certificate as a picture.

        Args:
            page: what to render.
            language: of the words around the name.
            width: in pixels, one of `PNG_WIDTHS`.

        Raises:
            ValueError: no such width.
            RenderFailed, PoolBusy, PoolClosed
        """
        if width not in PNG_WIDTHS:
            raise ValueError(
                f"a picture is {PNG_WIDTHS.start} to {PNG_WIDTHS.stop - 1} pixels wide, not {width}"
            )
        return await self._made({"make": "png", "page": page.to_data(), "language": language, "width": width})

    async def sheet(
        self,
        pages: Sequence[tuple[Page, Language]],
        *,
        title: str,
        made_at: datetime | None = None,
        tell: Tell | None = None,
    ) -> bytes:
        """Up to `LARGEST_SHEET` certificates in one PDF/A-2a and PDF/UA-1, in the given order.

        Args:
            pages: each with the language of its words.
            title: of the document.
            made_at: now if not given; the same pages and instant give the same bytes.
            tell: called while pages are being prepared.

        Raises:
            ValueError: no page, or too many.
            RenderFailed, PoolBusy, PoolClosed
        """
        if not 1 <= len(pages) <= LARGEST_SHEET:
            raise ValueError(f"a sheet has 1 to {LARGEST_SHEET} pages, not {len(pages)}")
        body = {
            "make": "sheet",
            "pages": [(page.to_data(), language) for page, language in pages],
            "title": title,
            "made_at": (made_at or datetime.now(UTC)).isoformat(),
        }

        def told(prepared: int) -> None:
            if tell is not None:
                tell(prepared, len(pages))

        return await self._made(body, pages=len(pages), tell=told)

    async def manifest(self, manifest: Manifest) -> bytes:
        """The list of a sheet as PDF/A-2a and PDF/UA-1.

        Raises:
            ValueError: no row, or too many.
            RenderFailed, PoolBusy, PoolClosed
        """
        rows = len(manifest.rows)
        if not 1 <= rows <= LARGEST_SHEET:
            raise ValueError(f"the list of a sheet has 1 to {LARGEST_SHEET} rows, not {rows}")
        try:
            data = manifest_data(manifest)
        except NothingToShow as error:
            raise RenderFailed(str(error)) from None
        body = {"make": "manifest", "data": data, "made_at": manifest.made_at.isoformat()}
        return await self._made(body, pages=rows)

    async def close(self) -> None:
        """End all workers; what is being rendered fails with `PoolClosed`."""
        self._closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(
            *(worker.stop() for worker in idle), *(worker.kill() for worker in self._working)
        )

    async def _made(
        self, body: dict[str, Any], *, pages: int = 1, tell: Callable[[int], None] = _nobody_asks
    ) -> bytes:
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
        worker = self._idle.pop() if self._idle else await self._started()
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

    async def _put_back(self, worker: WorkerProcess, *, well: bool) -> None:
        outgrown = worker.memory > self._limits.memory
        self.counts.outgrown += well and outgrown
        if well and not outgrown and not self._closed:
            self._idle.append(worker)
        else:
            await asyncio.shield(worker.kill())

    async def _started(self) -> WorkerProcess:
        return await WorkerProcess.start(
            self._templates,
            system_fonts=self._system_fonts,
            address_space=self._limits.memory * self._limits.times_memory,
            threads=self._threads,
        )
