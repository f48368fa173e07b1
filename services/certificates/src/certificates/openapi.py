"""The OpenAPI document of the API, made without a database or keys of its own."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from certificates.api.app import create_app
from certificates.main import issuer_of
from certificates.press.store import SheetStore
from certificates.rendering.cache import RenderingCache
from certificates.rendering.pool import RenderPool
from certificates.renderings import Renderings
from certificates.settings import CertificatesApiSettings
from mitra_shared.credential.keys import new_issuer_keys
from mitra_shared.http.probes import Readiness
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from mitra_shared.security.secret_files import write_secret
from mitra_shared.security.tokens import new_signing_key, public_jwks
from mitra_shared.telemetry.metrics import ProcessMetrics


def openapi_text() -> str:
    """The document as JSON, stable from run to run."""
    with TemporaryDirectory() as directory:
        return _text(Path(directory))


def _text(directory: Path) -> str:
    # Only what the routes are made of: nothing is connected, and the keys are thrown away.
    write_secret(directory / "keys.json", new_issuer_keys(time()))
    settings = CertificatesApiSettings(
        database_url=SecretStr("postgresql://nowhere"),
        redis_url=SecretStr("redis://nowhere"),
        token_keys=public_jwks(new_signing_key()),
        public_url="https://mitra.example.org",
        name_keys=SecretStr(new_key_ring("none")),
        certificate_key=SecretStr(new_lookup_key()),
        issuer_keys=directory / "keys.json",
    )
    renderings = Renderings(RenderPool(workers=1), RenderingCache(directory, largest_bytes=0))
    sheets = SheetStore(directory / "sheets", settings.names())
    engine = create_async_engine("postgresql+asyncpg://nowhere")
    app = create_app(
        engine,
        settings,
        issuer_of(settings),
        renderings,
        sheets,
        Readiness(),
        ProcessMetrics(),
        revoked=lambda _: False,
    )
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"
