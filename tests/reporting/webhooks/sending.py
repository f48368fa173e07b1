"""A sender whose turns a test takes one by one, with a clock that the test sets."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.log import unit_of_work
from reporting.commands.create_webhook import CreateWebhook, create_webhook
from reporting.commands.replay_webhook import ReplayWebhook, replay_webhook
from reporting.domain.receivers import networks
from reporting.domain.webhooks import CHOICES, EventType, Policy, Subscription, WebhookId
from reporting.storage.webhooks import Attempt, Webhook, attempts_of, find_webhook
from reporting.webhooks.delivery import Delivery, Limits
from reporting.webhooks.metrics import WebhookMetrics
from reporting.webhooks.planning import MOST_AREAS
from reporting.webhooks.resolving import Doorway
from reporting.webhooks.sender import Sender
from tests.reporting.reporting_api import WEBHOOK_RING

SMALL = CampaignId("small")
LOOPBACK = Doorway(networks("127.0.0.0/8"))
PATIENT = Limits(connect=60, total=60, body=0.1)
IMPATIENT = Limits(connect=0.3, total=0.3, body=0.1)
SEATS = {"levels": (Level.CONSTITUENCY,), "within": AreaCode("S11"), "events": (EventType.CHANGED,)}
NATION = {"levels": (Level.NATION,), "events": (EventType.CHANGED,)}
_keys = count()


class Sending:
    """Endpoints of the small campaign, and who sends to them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.now = datetime.now(UTC)
        self.metrics = WebhookMetrics(CollectorRegistry())
        self.sender = self.new_sender()

    def new_sender(
        self, limits: Limits = PATIENT, most_areas: int = MOST_AREAS, most_at_once: int = 32
    ) -> Sender:
        return Sender(
            self.engine, WEBHOOK_RING, Delivery(LOOPBACK, limits).post, self.metrics, lambda: self.now,
            policy=Policy(), most_areas=most_areas, most_at_once=most_at_once,
        )  # fmt: skip

    async def subscribe(self, url: str, **changes: Any) -> tuple[WebhookId, str]:
        wanted = Subscription(
            campaign=SMALL,
            url=url,
            within=AreaCode("IN"),
            levels=tuple(Level),
            events=CHOICES,
            description="",
            created_by=StaffId("test"),
        )
        command = CreateWebhook(wanted._replace(**changes), f"key-{next(_keys)}", self.now)
        async with unit_of_work(self.engine) as unit:
            made, secret = await create_webhook(command, unit.connection, WEBHOOK_RING)
        assert secret is not None
        return made.id, secret

    def later(self, seconds: float = 0, **more: float) -> None:
        self.now += timedelta(seconds=seconds, **more)

    async def turn(self, sender: Sender | None = None) -> int:
        """One turn, and the ends of its deliveries."""
        sender = sender or self.sender
        begun = await sender.turn()
        await sender.settled()
        return begun

    async def rest(self) -> None:
        """Turns, a second apart, until nothing is due."""
        for _ in range(50):
            if not await self.turn():
                return
            self.later(1)
        raise AssertionError("there is always something to send")

    async def webhook(self, webhook: WebhookId) -> Webhook:
        async with self.engine.connect() as connection:
            found = await find_webhook(connection, SMALL, webhook)
        assert found is not None
        return found

    async def replay(self, webhook: WebhookId, version: int | None) -> None:
        """Ask to be told again what changed since a version; None: everything."""
        async with unit_of_work(self.engine) as unit:
            await replay_webhook(
                ReplayWebhook(await self.webhook(webhook), version, self.now), unit.connection
            )

    async def attempts(self, webhook: WebhookId) -> list[Attempt]:
        async with self.engine.connect() as connection:
            return list(await attempts_of(connection, webhook))

    async def run(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)
