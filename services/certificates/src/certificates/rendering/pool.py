"""The pool of certificates: single ones, sheets and lists, made by worker processes (`worker`)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from certificates.rendering.manifest import Manifest, manifest_data
from certificates.rendering.names import NothingToShow
from certificates.rendering.page import Page
from certificates.rendering.typesetter import TEMPLATES
from mitra_shared.campaign.definition import Language
from mitra_shared.typesetting.pool import Limits, RenderFailed, WorkerPool

WORKER: Final = "certificates.rendering.worker"
LARGEST_SHEET: Final = 1_000
PNG_WIDTHS: Final = range(100, 4_001)

Tell = Callable[[int, int], None]
"""Called with the number of pages that are prepared, and of all pages."""


class RenderPool:
    """What certificates ask of their workers.

    Attributes:
        workers: the processes.
    """

    def __init__(
        self,
        *,
        workers: int,
        templates: Path = TEMPLATES,
        limits: Limits | None = None,
        system_fonts: bool = True,
        threads: int = 1,
    ) -> None:
        """Nothing is started yet; as for `WorkerPool`. The templates are checked by `check_templates`."""
        self.workers = WorkerPool(
            WORKER, templates, workers=workers, limits=limits, system_fonts=system_fonts, threads=threads
        )

    async def pdf(self, page: Page, language: Language) -> bytes:
        """A certificate as PDF/A-3a and PDF/UA-1, with its token attached.

        Raises:
            RenderFailed, PoolBusy, PoolClosed
        """
        return await self.workers.made({"make": "pdf", "page": page.to_data(), "language": language})

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
        return await self.workers.made(
            {"make": "png", "page": page.to_data(), "language": language, "width": width}
        )

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

        return await self.workers.made(body, pages=len(pages), tell=told)

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
        return await self.workers.made(body, pages=rows)

    async def close(self) -> None:
        """End all workers; what is being rendered fails with `PoolClosed`."""
        await self.workers.close()
