"""The real processes, from the log of enrolment to a subscriber."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.ids import StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.relay import Relay
from mitra_shared.security.tokens import Caller, Role, mint, public_jwks
from tests.reporting.field import Field
from tests.reporting.reporting_api import (
    SIGNING_KEY,
    STAFF_KEYS,
    WEBHOOK_KEYS,
    bearer,
    counted,
    eventually,
    parsed,
)
from tests.servers import Database

EVENTS = 40
_HOUR = timedelta(hours=1)


@asynccontextmanager
async def process(kind: str, directory: Path, **settings: str) -> AsyncIterator[tuple[Process, str]]:
    """`python -m reporting KIND`, and its base URL; it must end with code 0 when told to."""
    port_file = directory / f"{kind}.port"
    environment = {f"MITRA_{name.upper()}": value for name, value in settings.items()}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "reporting", kind,
        env=os.environ | environment | {"MITRA_PORT_FILE": str(port_file), "MITRA_LOG_LEVEL": "warning"},
    )  # fmt: skip
    try:
        await eventually(port_file.exists, 90)
        yield running, f"http://127.0.0.1:{port_file.read_text().strip()}"
        if running.returncode is None:
            running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await running.wait() == 0
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def test_an_event_of_the_log_reaches_subscribers_through_the_real_processes(
    enrolment_engine: AsyncEngine,
    reporting_database: Database,
    redis: Redis,
    redis_url: str,
    tmp_path: Path,
) -> None:
    service = mint(SIGNING_KEY, Caller(StaffId("reporting"), Role.SERVICE), lifetime=_HOUR)
    settings = {
        "database_url": reporting_database.url,
        "redis_url": redis_url,
        "token_keys": public_jwks(SIGNING_KEY),
    }
    producers = {"enrolment_url": "http://127.0.0.1:1", "certificates_url": "http://127.0.0.1:1"}
    relaying = ShutdownSignal()
    relay = asyncio.create_task(Relay(enrolment_engine, redis, ENROLMENT).run(relaying))
    field = Field()
    async with unit_of_work(enrolment_engine) as unit:
        unit.emit(field.defined()[0][1])
    async with (
        process("consumer", tmp_path, **settings, **producers, service_token=service) as (_, consumer),
        process("api", tmp_path, **settings, webhook_keys=WEBHOOK_KEYS, staff_keys=STAFF_KEYS) as (
            serving,
            api,
        ),
        httpx.AsyncClient(timeout=30) as client,
    ):
        await _ready(client, consumer)
        await _ready(client, api)
        await _known(client, api)
        async with client.stream("GET", f"{api}/v1/rollups/stream?level=nation", headers=bearer()) as answer:
            events = parsed(answer)
            await counted(events)
            for number in range(1, EVENTS + 1):
                async with unit_of_work(enrolment_engine) as unit:
                    unit.emit(field.enrolled("S11-AC017"))
                while (await counted(events)).areas["IN"]["enrolled"] < number:
                    pass
        place = unit.places[0]
        written = f"enrolment.{place.partition}:{place.epoch}-{place.position}"
        answer = await client.get(f"{api}/v1/rollups/IN?at_least={written}", headers=bearer())
        assert answer.json()["rollup"]["enrolled"] == EVENTS
        metrics = (await client.get(f"{api}/metrics")).text
        assert "mitra_feed_subscribers" in metrics
        newest = await redis.xrevrange("rollups", count=1)
        assert newest
        async with client.stream("GET", f"{api}/v1/rollups/stream", headers=bearer()) as answer:
            events = parsed(answer)
            await counted(events)
            serving.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                assert {event.kind async for event in events} <= {"freshness"}
                assert await serving.wait() == 0
    relaying.request("the test is over")
    await relay


async def _ready(client: httpx.AsyncClient, url: str) -> None:
    await _answers(client, f"{url}/ready")


async def _known(client: httpx.AsyncClient, api: str) -> None:
    await _answers(client, f"{api}/v1/rollups")


async def _answers(client: httpx.AsyncClient, url: str) -> None:
    async with asyncio.timeout(60):
        while (await client.get(url, headers=bearer())).status_code != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
