"""The certificates API in this process, on a real database, with an issuer and a pool of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.app import create_app
from certificates.issuer import Issuer
from certificates.press.store import SheetStore
from certificates.rendering.cache import RenderingCache
from certificates.rendering.pool import RenderPool
from certificates.renderings import Renderings
from certificates.settings import CertificatesApiSettings
from mitra_shared.http.probes import Readiness
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.tokens import Caller, Role, mint, new_signing_key, public_jwks
from mitra_shared.staff_standing.reading import StandingTable
from mitra_shared.staff_standing.revocations import Revocations
from mitra_shared.telemetry.metrics import ProcessMetrics
from tests.certificates.issuing import NAME_KEYS

SIGNING_KEY = new_signing_key()


def bearer(role: Role = Role.IN_CHARGE, area: str | None = "S11-PC04", campaign: str | None = "small") -> Any:
    """The header of a caller in that role."""
    caller = Caller(
        StaffId("somebody"),
        role,
        None if campaign is None else CampaignId(campaign),
        None if area is None else AreaCode(area),
    )
    return {"Authorization": f"Bearer {mint(SIGNING_KEY, caller, lifetime=timedelta(days=1))}"}


@asynccontextmanager
async def application(
    engine: AsyncEngine,
    issuer: Issuer,
    directory: Path,
    *,
    standing_from: AsyncEngine | None = None,
    **changes: Any,
) -> AsyncIterator[FastAPI]:
    """The application; `changes` are settings. `standing_from` is the database before it broke."""
    given: dict[str, Any] = {
        "database_url": SecretStr("unused"),
        "redis_url": SecretStr("unused"),
        "token_keys": public_jwks(SIGNING_KEY),
        "public_url": issuer.public_url,
        "name_keys": SecretStr(NAME_KEYS),
        "certificate_key": SecretStr(new_lookup_key()),
        "issuer_keys": directory / "unused.json",
    }
    settings = CertificatesApiSettings(**(given | changes))
    pool = RenderPool(workers=settings.render_workers)
    renderings = Renderings(pool, RenderingCache(directory, largest_bytes=settings.cache_bytes))
    sheets = SheetStore(directory / "sheets", settings.names())
    revocations = Revocations(StandingTable())
    async with (standing_from or engine).connect() as connection:
        await revocations.refresh(connection)
    try:
        yield create_app(
            engine,
            settings,
            issuer,
            renderings,
            sheets,
            Readiness(),
            ProcessMetrics(),
            revoked=revocations.revoked,
        )
    finally:
        await pool.close()


@asynccontextmanager
async def api_client(
    engine: AsyncEngine, issuer: Issuer, directory: Path, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application; `changes` are settings."""
    async with (
        application(engine, issuer, directory, **changes) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://certificates") as client,
    ):
        yield client
