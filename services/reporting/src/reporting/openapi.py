"""The OpenAPI document of the API, made without a database or keys of its own."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine

from mitra_shared.http.probes import Readiness
from mitra_shared.security.sealing import KeyRing, new_key_ring
from mitra_shared.security.tokens import new_signing_key, public_jwks
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics
from reporting.api.state import Reading, WebhookDesk
from reporting.app import create_app
from reporting.briefs.press import BriefPress
from reporting.clock import system_clock
from reporting.exports.desk import ExportDesk
from reporting.feed import LiveFeed
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.pacing import Pacing
from reporting.webhooks.resolving import Doorway


def openapi_text() -> str:
    """The document as JSON, stable from run to run."""
    # Only what the routes are made of: nothing is connected, and the key is thrown away.
    engine = create_async_engine("postgresql+asyncpg://nowhere")
    mirror, lag = Mirror(engine), LagWatch(Redis())
    settings = ServiceSettings(
        database_url=SecretStr("postgresql://nowhere"),
        redis_url=SecretStr("redis://nowhere"),
        token_keys=public_jwks(new_signing_key()),
    )
    desk = WebhookDesk(KeyRing.from_json(new_key_ring("none")), Doorway())
    pacing = Pacing(engine, mirror, system_clock)
    with TemporaryDirectory() as directory:
        exports = ExportDesk(Path(directory))
        reading = Reading(
            engine, mirror, lag, LiveFeed(mirror, lag), pacing, desk, exports, BriefPress(), desk.ring
        )
        document = create_app(
            reading, settings, Readiness(), ProcessMetrics(), revoked=lambda _: False
        ).openapi()
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
