"""The press of briefs: a worker process that starts when the first is asked for and ends when it is idle."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mitra_shared.typesetting.pool import Limits, WorkerPool

WORKER: Final = "reporting.briefs.worker"
TEMPLATES: Final = Path(__file__).parent / "templates"
LIMITS: Final = Limits(waiting=16, seconds=20.0, memory=384 * 1024 * 1024, idle_seconds=60.0)


class BriefPress:
    """What briefs ask of their worker.

    Attributes:
        workers: the process, if it runs.
    """

    def __init__(
        self, *, templates: Path = TEMPLATES, limits: Limits = LIMITS, system_fonts: bool = True
    ) -> None:
        """Nothing is started yet; as for `WorkerPool`."""
        self.workers = WorkerPool(WORKER, templates, workers=1, limits=limits, system_fonts=system_fonts)

    async def pdf(self, data: dict[str, Any], made_at: datetime) -> bytes:
        """The brief as PDF/A-2a and PDF/UA-1, one page.

        Args:
            data: what `content.brief_data` made.
            made_at: when its figures were so.

        Raises:
            RenderFailed, PoolBusy, PoolClosed
        """
        return await self.workers.made({"data": data, "made_at": made_at.isoformat()})

    async def close(self) -> None:
        """End the worker."""
        await self.workers.close()
