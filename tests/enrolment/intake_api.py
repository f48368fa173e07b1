"""An api of the enrolment service inside the test's event loop, and requests to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from enrolment.api.app import create_app
from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import Clock
from enrolment.commands.define_campaign import DefineCampaign, define_campaign
from enrolment.commands.enrol_mitra import draft
from enrolment.device_receipts import ReceiptSigner
from enrolment.domain.passwords import PasswordCost
from enrolment.intake.committer import CommitGroup, Committer, IntakeLimits
from enrolment.intake.decide import DUPLICATE_ANSWERS_A_DAY
from enrolment.intake.desk import IntakeDesk
from enrolment.intake.transaction import GroupTransaction
from enrolment.passwords import Passwords
from enrolment.seals import Seals
from enrolment.service import People, Service
from enrolment.staffing import Staffing
from enrolment.storage.staff_log import OwnAccounts
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.database import create_engine
from mitra_shared.http.probes import Readiness
from mitra_shared.http.rates import RatePerAddress
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.lookup import KeyedHash, new_lookup_key
from mitra_shared.security.sealing import KeyRing, new_key_ring
from mitra_shared.security.tokens import (
    Caller,
    Role,
    mint,
    new_access_key,
    new_signing_key,
    public_jwks,
)
from mitra_shared.settings import ServiceSettings
from mitra_shared.staff_standing.revocations import Revocations
from mitra_shared.telemetry.logs import LogLevel
from mitra_shared.telemetry.metrics import ProcessMetrics
from tests.factories import NOTICE_VERSION, small_campaign
from tests.servers import Databases

CONSTITUENCY = AreaCode("S11-PC04")
SEGMENT = "S11-AC019"
ELSEWHERE = "S24-AC037"

PEOPLE_URL = "https://mitra.example.org"
SIGNING_KEY = new_signing_key()
ACCESS_KEY = new_access_key()
PASSWORDS = Passwords(PasswordCost(memory_kib=8, passes=1))
"""Weak, for tests. No process takes such a setting."""
PHONE_KEYS, LOOKUP_KEY = new_key_ring("test"), new_lookup_key()
SEALS = Seals(
    KeyRing.from_json(new_key_ring("test")),
    KeyRing.from_json(PHONE_KEYS),
    KeyedHash.from_base64(LOOKUP_KEY),
)
RECEIPTS = ReceiptSigner(new_signing_key())


def person(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A body that is accepted, for the `number`-th person."""
    return {
        "name": "आयशा बेगम",
        "phone": f"+9198{number:08d}",
        "segment": SEGMENT,
        "basis": "beneficiary",
        "schemes": ["PMAY-G"],
        "adult": True,
        "party_member": False,
        "consent": {"given": True, "notice_version": NOTICE_VERSION, "language": "hi"},
    } | changes


@cache
def token(
    subject: str = f"{CONSTITUENCY}/co-in-charge-07",
    role: Role = Role.CO_IN_CHARGE,
    area: str | None = CONSTITUENCY,
    campaign: str | None = "small",
) -> str:
    caller = Caller(
        StaffId(subject),
        role,
        None if campaign is None else CampaignId(campaign),
        None if area is None else AreaCode(area),
    )
    return mint(SIGNING_KEY, caller, lifetime=timedelta(days=1))


def operator(campaign: str | None = None) -> str:
    return token("operator", Role.OPERATOR, None, campaign)


@dataclass
class TestClock:
    """Stands still until it is moved."""

    __test__ = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class IntakeApi:
    """One api 'process'."""

    client: httpx.AsyncClient
    service: Service
    engine: AsyncEngine
    metrics: ProcessMetrics
    committer: Committer
    stop: ShutdownSignal
    app: ASGIApp

    async def enrol(
        self, body: dict[str, Any] | None = None, *, key: str | None = None, bearer: str | None = None
    ) -> httpx.Response:
        return await self.client.post(
            "/v1/enrolments",
            json=person() if body is None else body,
            headers={
                "Idempotency-Key": key or str(uuid4()),
                "Authorization": f"Bearer {bearer or token()}",
            },
        )

    async def batch(
        self, entries: list[tuple[str, dict[str, Any]]], *, bearer: str | None = None
    ) -> httpx.Response:
        return await self.client.post(
            "/v1/enrolments/batch",
            json={"enrolments": [{"idempotency_key": key, "enrolment": body} for key, body in entries]},
            headers={"Authorization": f"Bearer {bearer or token()}"},
        )

    async def get(self, path: str, *, bearer: str | None = None) -> httpx.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {bearer or token()}"})

    async def post(self, path: str, body: Any = None, *, bearer: str | None = None) -> httpx.Response:
        return await self.client.post(
            path, json=body, headers={"Authorization": f"Bearer {bearer or token()}"}
        )

    async def load(self, definition: CampaignDefinition, *, bearer: str | None = None) -> httpx.Response:
        return await self.client.put(
            f"/v1/campaigns/{definition.id}",
            content=definition.model_dump_json(),
            headers={"Authorization": f"Bearer {bearer or operator()}", "Content-Type": "application/json"},
        )


@asynccontextmanager
async def running_api(
    engine: AsyncEngine,
    *,
    clock: Clock | None = None,
    limits: IntakeLimits | None = None,
    ration: int = DUPLICATE_ANSWERS_A_DAY,
    looks: int = 200,
    around: Any = None,
    passwords: Passwords | None = None,
    codes_a_minute: int = 1_000,
    certificates: str | None = None,
    log_level: LogLevel = "error",
) -> AsyncIterator[IntakeApi]:
    """An api on `engine`. `around(commit)` may wrap the transaction of a group."""
    clock = clock or (lambda: datetime.now(UTC))
    metrics = ProcessMetrics()
    campaigns = LoadedCampaigns()
    commit: CommitGroup = GroupTransaction(
        engine, campaigns, lambda command, rules: draft(command, rules, SEALS), clock, ration=ration
    )
    if around is not None:
        commit = around(commit)
    committer = Committer(commit, metrics.commits, limits or IntakeLimits())
    staffing = Staffing(
        SEALS,
        KeyRing.from_json(new_key_ring("test")),
        passwords or PASSWORDS,
        ACCESS_KEY,
        Revocations(OwnAccounts(clock)),
        proxies=(ip_network("127.0.0.0/8"),),
    )
    people = People(PEOPLE_URL, RatePerAddress(codes_a_minute))
    desk = IntakeDesk(campaigns, SEALS, committer)
    service = Service(
        engine,
        campaigns,
        desk,
        clock,
        SEALS,
        looks,
        staffing,
        people,
        RECEIPTS,
    )
    settings = ServiceSettings(
        database_url=SecretStr("postgresql://unused"),
        redis_url=SecretStr("redis://unused"),
        token_keys=public_jwks(SIGNING_KEY, ACCESS_KEY),
        log_level=log_level,
        cors_origins=("https://front.example",),
    )
    app = create_app(service, settings, Readiness(), metrics, certificates=certificates)
    async with engine.connect() as connection:
        await campaigns.refresh(connection)
        await staffing.revocations.refresh(connection)
    stop = ShutdownSignal()
    running = asyncio.create_task(committer.run(stop))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://enrolment.test") as client:
        yield IntakeApi(client, service, engine, metrics, committer, stop, app)
    stop.request("the test is over")
    await running


@asynccontextmanager
async def api_of_a_file(databases: Databases, *, log_level: LogLevel = "error") -> AsyncIterator[IntakeApi]:
    """An api with the small campaign, for the tests of a file that do not get in one another's way."""
    database = await databases.make("enrolment")
    engine = create_engine(database.url, application="tests", pool_size=10)
    await load(engine, small_campaign())
    async with running_api(engine, log_level=log_level) as api:
        yield api
    await engine.dispose()
    await databases.drop(database)


async def load(engine: AsyncEngine, definition: CampaignDefinition) -> None:
    await define_campaign(DefineCampaign(definition, datetime.now(UTC)), engine)


async def rows(engine: AsyncEngine, statement: str, **parameters: Any) -> list[Any]:
    """What a statement gives, which sees everybody."""
    async with engine.connect() as connection:
        await connection.execute(text("select set_config('mitra.work', 'audit', true)"))
        return list(await connection.execute(text(statement), parameters))


async def count(engine: AsyncEngine, table: str) -> int:
    ((number,),) = await rows(engine, f"select count(*) from {table}")  # noqa: S608
    return int(number)


async def logged(engine: AsyncEngine, topic: str, kind: str | None = None) -> list[dict[str, Any]]:
    """Payloads in the log, partition by partition."""
    found = await rows(
        engine,
        f"select type, cast(payload as text) from {topic}_log order by partition, position",  # noqa: S608
    )
    return [json.loads(payload) for name, payload in found if kind in {None, name}]


async def heads_match_log(engine: AsyncEngine, topic: str) -> bool:
    """Whether every partition is dense and ends at its head."""
    broken = await rows(
        engine,
        f"""
        select head.partition from {topic}_head head
        left join (
            select partition, count(*) as entries, max(position) as last from {topic}_log group by partition
        ) log using (partition)
        where head.position <> coalesce(log.last, 0) or head.position <> coalesce(log.entries, 0)
        """,  # noqa: S608
    )
    return not broken
