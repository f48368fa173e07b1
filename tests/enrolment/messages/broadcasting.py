"""A day of messages in bulk: an api that drafts them, and what prepares and sends them, by one clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import INDIA
from enrolment.commands.prepare_broadcasts import prepare_broadcasts
from enrolment.messages.broadcaster import Broadcaster
from enrolment.messages.delivery import Delivery, SenderLimits
from enrolment.messages.gateway import GatewayReceipt, MessageGateway, OutgoingMessage
from enrolment.messages.kinds import MessageKind
from enrolment.messages.metrics import MessageMetrics
from enrolment.messages.sender import Sender
from enrolment.messages.wording import Wording
from enrolment.storage.row_security import Work, work_as
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import (
    PEOPLE_URL,
    SEALS,
    IntakeApi,
    TestClock,
    load,
    person,
    rows,
    running_api,
    token,
)
from tests.enrolment.people import in_charge
from tests.factories import small_campaign

TEXTS = {"en": "The help desk is open on Sunday.", "hi": "सहायता केंद्र रविवार को खुला है।"}
FAST = {"a_minute": 60_000}


def headquarters(name: str = "headquarters-1") -> str:
    return token(name, Role.HEADQUARTERS, None)


def at(hour: int, minute: int = 0) -> datetime:
    """That time in India, tomorrow: whoever is enrolled now is enrolled before."""
    tomorrow = datetime.now(INDIA).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(hour, minute), INDIA).astimezone(UTC)


@dataclass
class Mailbag:
    """A gateway that keeps what it is given."""

    taken: list[OutgoingMessage] = field(default_factory=list)

    async def send(self, message: OutgoingMessage) -> GatewayReceipt:
        self.taken.append(message)
        return GatewayReceipt(None)

    @property
    def in_bulk(self) -> list[OutgoingMessage]:
        return [message for message in self.taken if message.kind is MessageKind.BROADCAST]

    @property
    def phones(self) -> list[str]:
        return sorted(message.phone for message in self.in_bulk)


@dataclass
class Bulk:
    """Everything that a broadcast passes."""

    api: IntakeApi
    clock: TestClock
    mailbag: Mailbag = field(default_factory=Mailbag)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    version: int = 1

    async def define(self, **changes: Any) -> None:
        """Put another version of the campaign in force."""
        self.version += 1
        await load(self.api.engine, small_campaign(self.version, **changes))
        async with self.api.engine.connect() as connection:
            await self.api.service.campaigns.refresh(connection)

    async def enrol(self, *numbers: int, bearer: str | None = None, **changes: Any) -> list[str]:
        """People with these numbers; returns their ids."""
        entries = [(str(uuid4()), person(number, **changes)) for number in numbers]
        answer = await self.api.batch(entries, bearer=bearer)
        outcomes = answer.json()["outcomes"]
        assert all(outcome["status"] == 201 for outcome in outcomes), outcomes
        return [outcome["body"]["mitra_id"] for outcome in outcomes]

    async def ask(self, body: dict[str, Any], *, key: str = "", bearer: str = "") -> httpx.Response:
        return await self.api.client.post(
            "/v1/broadcasts",
            json=body,
            headers={
                "Authorization": f"Bearer {bearer or headquarters()}",
                "Idempotency-Key": key or str(uuid4()),
            },
        )

    async def draft(self, *, bearer: str = "", area: str = "IN", **changes: Any) -> dict[str, Any]:
        answer = await self.ask({"texts": TEXTS, "area": area} | changes, bearer=bearer)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def decide(
        self, broadcast: dict[str, Any], what: str, *, bearer: str = "", digest: str = ""
    ) -> httpx.Response:
        body = {"digest": digest or broadcast["digest"]} if what == "approval" else None
        return await self.api.post(
            f"/v1/broadcasts/{broadcast['id']}/{what}", body, bearer=bearer or headquarters()
        )

    async def approved(self, **changes: Any) -> dict[str, Any]:
        broadcast = await self.draft(**changes)
        answer = await self.decide(broadcast, "approval", bearer=changes.get("bearer", ""))
        assert answer.status_code == 200, answer.text
        # The bucket begins empty.
        self.clock.now += timedelta(seconds=2)
        return broadcast

    async def told(self, broadcast: dict[str, Any], bearer: str = "") -> dict[str, Any]:
        answer = await self.api.get(f"/v1/broadcasts/{broadcast['id']}", bearer=bearer or headquarters())
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def prepare(self, page: int = 1_000) -> None:
        await prepare_broadcasts(self.api.engine, LoadedCampaigns(), self.clock(), lambda: None, page=page)

    def delivery(self, gateway: MessageGateway | None = None, **limits: Any) -> Delivery:
        self.registry = CollectorRegistry()
        return Delivery(
            self.api.engine,
            gateway or self.mailbag,
            SEALS.phones,
            Wording(SEALS.lookup, PEOPLE_URL),
            MessageMetrics(self.registry),
            self.clock,
            SenderLimits(**({"looks": 0.0} | limits)),
        )

    def broadcaster(self, gateway: MessageGateway | None = None, **limits: Any) -> Broadcaster:
        return Broadcaster(self.delivery(gateway, **limits))

    def sender(self) -> Sender:
        return Sender(self.delivery())

    async def send_all(self, gateway: MessageGateway | None = None) -> None:
        """Prepare and send until nothing is taken any more, and see to the end."""
        await self.prepare()
        broadcaster = self.broadcaster(gateway)
        while await broadcaster.turn():
            self.clock.now += timedelta(seconds=1)
        await self.prepare()

    async def change(self, statement: str, **parameters: Any) -> None:
        async with self.api.engine.begin() as connection:
            await work_as(connection, Work.UPKEEP)
            await connection.execute(text(statement), parameters)

    async def outcomes(self) -> dict[tuple[str, str | None], int]:
        """Messages in bulk by state and why."""
        found = await rows(
            self.api.engine,
            "select state, why, count(*) as number from message where kind = 'broadcast' group by 1, 2",
        )
        return {(row.state, row.why): row.number for row in found}

    def metrics(self) -> str:
        return generate_latest(self.registry).decode()


@asynccontextmanager
async def bulk_on(engine: AsyncEngine) -> AsyncIterator[Bulk]:
    """At noon, with a campaign in force that sends fast."""
    clock = TestClock(at(12))
    async with running_api(engine, clock=clock) as api:
        made = Bulk(api, clock)
        await made.define(messages=FAST)
        yield made


IN_CHARGE = in_charge()
