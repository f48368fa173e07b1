"""The OpenAPI document of the API, made without a database or keys of its own."""

import json
from collections.abc import Sequence

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from enrolment.api.app import create_app
from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import system_clock
from enrolment.device_receipts import ReceiptSigner
from enrolment.domain.passwords import PasswordCost
from enrolment.intake.committer import Committer
from enrolment.intake.desk import IntakeDesk
from enrolment.intake.items import Answer, Item
from enrolment.passwords import Passwords
from enrolment.seals import Seals
from enrolment.service import People, Service
from enrolment.staffing import Staffing
from enrolment.storage.staff_log import OwnAccounts
from mitra_shared.http.probes import Readiness
from mitra_shared.http.rates import RatePerAddress
from mitra_shared.security.lookup import KeyedHash, new_lookup_key
from mitra_shared.security.sealing import KeyRing, new_key_ring
from mitra_shared.security.tokens import new_access_key, new_signing_key, public_jwks
from mitra_shared.settings import ServiceSettings
from mitra_shared.staff_standing.revocations import Revocations
from mitra_shared.telemetry.metrics import ProcessMetrics


def openapi_text() -> str:
    """The document as JSON, stable from run to run."""
    # Only what the routes are made of: nothing is connected, and the keys are thrown away.
    engine = create_async_engine("postgresql+asyncpg://nowhere")
    seals = Seals(
        KeyRing.from_json(new_key_ring("none")),
        KeyRing.from_json(new_key_ring("none")),
        KeyedHash.from_base64(new_lookup_key()),
    )
    settings = ServiceSettings(
        database_url=SecretStr("postgresql://nowhere"),
        redis_url=SecretStr("redis://nowhere"),
        token_keys=public_jwks(new_signing_key()),
    )
    metrics = ProcessMetrics()
    campaigns = LoadedCampaigns()
    committer = Committer(_never, metrics.commits)
    staffing = Staffing(
        seals,
        KeyRing.from_json(new_key_ring("none")),
        Passwords(PasswordCost(8, 1)),
        new_access_key(),
        Revocations(OwnAccounts(system_clock)),
    )
    people = People("http://nowhere", RatePerAddress(1))
    receipts = ReceiptSigner(new_signing_key())
    desk = IntakeDesk(campaigns, seals, committer)
    service = Service(engine, campaigns, desk, system_clock, seals, 0, staffing, people, receipts)
    document = create_app(service, settings, Readiness(), metrics).openapi()
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


async def _never(_items: Sequence[Item]) -> list[Answer]:
    raise NotImplementedError("the document commits nothing")
