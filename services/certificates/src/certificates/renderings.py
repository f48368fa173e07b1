"""Renderings of credentials: from the cache, or from the pool of workers, which holds up nothing else."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from certificates.issuer import Opened
from certificates.problems import RENDERING_FAILED
from certificates.rendering.cache import RenderingCache, RenderingKey
from certificates.rendering.page import Page
from certificates.rendering.pool import RenderPool
from certificates.storage import credentials
from mitra_shared.campaign.definition import Language
from mitra_shared.database import is_infrastructure
from mitra_shared.http.problems import unavailable
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.typesetting.pool import PoolBusy, PoolClosed, RenderFailed

PNG_WIDTH: Final = 1_600
SWEEP_SECONDS: Final = 2.0

log = get_logger(__name__)


class Renderings:
    """PDFs and pictures of single credentials."""

    def __init__(self, pool: RenderPool, cache: RenderingCache) -> None:
        self._pool = pool
        self._cache = cache

    async def pdf(self, opened: Opened, language: Language) -> bytes:
        """A PDF to print: PDF/A-3a and PDF/UA-1 with the VC-JWT attached.

        Raises:
            Problem: it cannot be rendered, or not now.
        """
        page = Page(opened.facts, opened.qr, opened.jwt)
        return await self._kept(opened, f"pdf:{language}", lambda: self._pool.pdf(page, language))

    async def png(self, opened: Opened, language: Language) -> bytes:
        """A picture, `PNG_WIDTH` pixels wide.

        Raises:
            Problem: it cannot be rendered, or not now.
        """
        page = Page(opened.facts, opened.qr, opened.jwt)
        return await self._kept(opened, f"png:{language}", lambda: self._pool.png(page, language, PNG_WIDTH))

    async def _kept(self, opened: Opened, kind: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        key = RenderingKey(opened.facts.credential_id, kind)
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        generation = self._cache.generation
        try:
            made = await make()
        except (PoolBusy, PoolClosed) as error:
            raise unavailable(f"Certificates are being set for others: {error}") from None
        except RenderFailed as error:
            log.warning("a certificate cannot be set", number=opened.facts.number, why=str(error))
            raise RENDERING_FAILED(f"Certificate {opened.facts.number} cannot be set: {error}") from None
        self._cache.put(key, made, generation=generation)
        return made

    async def forget_revoked(self, engine: AsyncEngine, shutdown: ShutdownSignal) -> None:
        """Drop every rendering of what is revoked, two seconds later at most, until `shutdown`."""
        since: datetime | None = None
        while not shutdown.requested:
            try:
                async with engine.connect() as connection:
                    ids, until = await credentials.revoked_since(connection, since)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.info("revocations cannot be looked up", error=describe_error(error))
            else:
                since = until
                for credential in ids:
                    self._cache.forget(credential)
            await shutdown.sleep(SWEEP_SECONDS)
