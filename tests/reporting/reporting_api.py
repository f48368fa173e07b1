"""The api process of reporting inside the test's event loop, served on a real port, and its subscribers."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.following import follow
from mitra_shared.http.probes import Readiness
from mitra_shared.http.server import serve
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.sealing import KeyRing, new_key_ring
from mitra_shared.security.tokens import Caller, Role, mint, new_signing_key, public_jwks
from mitra_shared.settings import ServiceSettings
from mitra_shared.staff_standing.reading import StandingTable
from mitra_shared.staff_standing.revocations import Revocations
from mitra_shared.telemetry.metrics import ProcessMetrics
from reporting.api.ready import KEPT_SECONDS, ReadyAnswers
from reporting.api.state import Reading, WebhookDesk
from reporting.app import create_app
from reporting.briefs.press import BriefPress
from reporting.domain.receivers import networks
from reporting.exports.desk import ExportDesk
from reporting.feed import SEND_SECONDS, LiveFeed
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.pacing import Pacing
from reporting.webhooks.resolving import Doorway

SIGNING_KEY = new_signing_key()
WEBHOOK_KEYS = new_key_ring("2026-11")
WEBHOOK_RING = KeyRing.from_json(WEBHOOK_KEYS)
STAFF_KEYS = new_key_ring("2026-11")
STAFF_RING = KeyRing.from_json(STAFF_KEYS)


@cache
def token(
    role: Role = Role.HEADQUARTERS,
    area: str | None = None,
    campaign: str | None = None,
    lifetime: timedelta = timedelta(days=1),
) -> str:
    caller = Caller(
        StaffId("test"),
        role,
        None if campaign is None else CampaignId(campaign),
        None if area is None else AreaCode(area),
    )
    return mint(SIGNING_KEY, caller, lifetime=lifetime)


def bearer(text: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {text or token()}"}


@dataclass
class ServerSentEvent:
    """One event as a subscriber reads it."""

    kind: str
    data: Any
    id: str
    """Empty: it has none."""

    @property
    def areas(self) -> dict[str, dict[str, Any]]:
        return {area["area"]: area for area in self.data["areas"]}


@dataclass
class ReportingApi:
    """A served api."""

    url: str
    client: httpx.AsyncClient
    reading: Reading

    async def get(self, path: str, *, as_token: str | None = None, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=bearer(as_token) | headers)

    @asynccontextmanager
    async def events(
        self, query: str = "", *, as_token: str | None = None, last: str | None = None
    ) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
        headers = bearer(as_token) | ({} if last is None else {"Last-Event-ID": last})
        async with self.client.stream("GET", f"/v1/rollups/stream{query}", headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield parsed(answer)

    async def caught_up(self) -> None:
        """Wait until everything that is committed now is shown."""
        async with self.reading.engine.connect() as connection:
            version = await connection.scalar(text("select version from rollup_version"))
        async with asyncio.timeout(60):
            while self.reading.mirror.version < version:
                await self.reading.mirror.moved(1, self.reading.mirror.turn)


async def eventually(is_so: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - it does not know that it is watched
            await asyncio.sleep(0.01)


async def parsed(answer: httpx.Response) -> AsyncIterator[ServerSentEvent]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield ServerSentEvent(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            fields = {}


async def counted(events: AsyncIterator[ServerSentEvent]) -> ServerSentEvent:
    """The next event that carries areas."""
    async with asyncio.timeout(60):
        async for event in events:
            if event.kind in ("snapshot", "areas"):
                return event
    raise AssertionError("the stream ended")


@asynccontextmanager
async def running_api(
    engine: AsyncEngine,
    redis: Redis,
    *,
    most_subscribers: int = 20,
    heartbeat_seconds: float = 0.5,
    most_exports: int = 4,
    send_seconds: float = SEND_SECONDS,
    kept_seconds: float = KEPT_SECONDS,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    public_page: bool = False,
    doorway: Doorway | None = None,
) -> AsyncIterator[ReportingApi]:
    with tempfile.TemporaryDirectory() as directory:
        mirror, lag = Mirror(engine), LagWatch(redis)
        feed = LiveFeed(
            mirror,
            lag,
            most_subscribers=most_subscribers,
            heartbeat_seconds=heartbeat_seconds,
            send_seconds=send_seconds,
        )
        desk = WebhookDesk(WEBHOOK_RING, doorway or Doorway(networks("127.0.0.0/8")))
        pacing, ready = Pacing(engine, mirror, now), ReadyAnswers(kept_seconds)
        exports, briefs = ExportDesk(Path(directory), most=most_exports), BriefPress(system_fonts=False)
        reading = Reading(
            engine,
            mirror,
            lag,
            feed,
            pacing,
            desk,
            exports,
            briefs,
            STAFF_RING,
            public_page=public_page,
            now=now,
            ready=ready,
        )
        settings = ServiceSettings(
            database_url=SecretStr("postgresql://unused"),
            redis_url=SecretStr("redis://unused"),
            token_keys=public_jwks(SIGNING_KEY),
            log_level="error",
        )
        revocations = Revocations(StandingTable(), feed.ask_again)
        app = create_app(reading, settings, Readiness(), ProcessMetrics(), revoked=revocations.revoked)
        async with engine.connect() as connection:
            await revocations.refresh(connection)
        await mirror.refresh()
        await lag.look()
        shutdown = ShutdownSignal()
        port_file = Path(directory) / "port"
        parts = asyncio.gather(
            serve(app, host="127.0.0.1", port=0, shutdown=shutdown, port_file=port_file),
            mirror.follow(shutdown),
            lag.follow(shutdown),
            follow("staff", revocations.refresh, engine, shutdown),
        )
        await eventually(port_file.exists)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        async with httpx.AsyncClient(base_url=url, timeout=15) as client:
            yield ReportingApi(url, client, reading)
        shutdown.request("the test is over")
        mirror.close()
        await parts
        await briefs.close()
