"""The OpenAPI document of the API, made without a database or keys of its own."""

import json

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from certificates.api import create_app
from certificates.settings import CertificatesApiSettings
from mitra_shared.http.probes import Readiness
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from mitra_shared.security.tokens import new_signing_key, public_jwks
from mitra_shared.telemetry.metrics import ProcessMetrics


def openapi_text() -> str:
    """The document as JSON, stable from run to run."""
    # Only what the routes are made of: nothing is connected, and the key is thrown away.
    settings = CertificatesApiSettings(
        database_url=SecretStr("postgresql://nowhere"),
        redis_url=SecretStr("redis://nowhere"),
        token_keys=public_jwks(new_signing_key()),
        name_keys=SecretStr(new_key_ring("none")),
        certificate_key=SecretStr(new_lookup_key()),
    )
    engine = create_async_engine("postgresql+asyncpg://nowhere")
    document = create_app(engine, settings, Readiness(), ProcessMetrics()).openapi()
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
