"""The sender: tells every endpoint what changed, each at its own pace, until shutdown.

A turn reads the endpoints and then refreshes the mirror. Each one that is due is claimed for the length of a
lease together with its message, sent in a task of its own, and noted. A process that dies in between leaves
the message where it is: whoever comes after the lease sends it again under the same id.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.database import backoff, is_infrastructure, retrying
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.wakeup import Wakeup
from mitra_shared.security.sealing import KeyRing, SealError
from reporting.domain.webhooks import Outcome, Policy, WebhookId, after
from reporting.mirror import Mirror
from reporting.storage.version import CHANNEL
from reporting.storage.webhook_sending import (
    Claimed,
    claim,
    claim_test,
    every_webhook,
    forget_attempts,
    newest_releases,
    note,
)
from reporting.storage.webhooks import Webhook, secrets_of
from reporting.webhooks.messages import body_of_test, headers, opened_secret
from reporting.webhooks.metrics import WebhookMetrics
from reporting.webhooks.planning import MOST_AREAS, NewestReleases, next_message

log = get_logger(__name__)

POLL_SECONDS: Final = 1.0
BETWEEN_TURNS: Final = 0.25
MOST_AT_ONCE: Final = 32
"""Deliveries of one process; the others wait for the next turn."""
FORGET_EVERY: Final = timedelta(hours=1)
LAST_SECONDS: Final = 5.0
"""For deliveries that are under way at shutdown; those cut off are sent again by the next process."""


class Post(Protocol):
    """Sends one message; whatever happens is an outcome."""

    async def __call__(self, url: str, headers: dict[str, str], body: bytes, /) -> Outcome:
        """What came of it."""


class Sender:
    """Follows the commits of reporting and posts messages.

    Attributes:
        trouble: why the last turn failed; None while all is well.
        under_way: how many deliveries there are now.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        ring: KeyRing,
        post: Post,
        metrics: WebhookMetrics,
        now: Callable[[], datetime],
        *,
        policy: Policy | None = None,
        most_areas: int = MOST_AREAS,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self.trouble: str | None = "nothing looked at yet"
        self._engine = engine
        self._ring = ring
        self._post = post
        self._metrics = metrics
        self._now = now
        self._policy = policy or Policy()
        self._most_areas = most_areas
        self._most_at_once = most_at_once
        self._mirror = Mirror(engine)
        self._running: dict[WebhookId, asyncio.Task[None]] = {}
        self._forgotten_at: datetime | None = None

    @property
    def under_way(self) -> int:
        """Deliveries at this moment."""
        return len(self._running)

    async def turn(self) -> int:
        """Begin every delivery that is due. Returns how many were begun.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
        """
        await self._forget()
        async with self._engine.connect() as connection:
            webhooks = await every_webhook(connection)
            releases = await newest_releases(connection)
        self._metrics.see(webhooks, self._now())
        if not webhooks:
            return 0
        # Only now: nobody can have been told more than the mirror holds.
        await self._mirror.refresh()
        begun = 0
        for webhook in webhooks:
            if len(self._running) >= self._most_at_once:
                break
            if webhook.id in self._running:
                continue
            claimed = await self._claim(webhook, releases)
            if claimed is not None:
                task = asyncio.create_task(self._deliver(claimed), name=f"delivery to {webhook.id}")
                self._running[webhook.id] = task
                begun += 1
        return begun

    async def _forget(self) -> None:
        now = self._now()
        if self._forgotten_at is not None and now - self._forgotten_at < FORGET_EVERY:
            return
        async with unit_of_work(self._engine) as unit:
            await forget_attempts(unit.connection, now)
        self._forgotten_at = now

    async def _claim(self, webhook: Webhook, releases: NewestReleases) -> Claimed | None:
        now = self._now()
        if webhook.leased_until is not None and webhook.leased_until > now:
            return None
        lease, until = uuid4().hex, now + timedelta(seconds=self._policy.lease)
        if webhook.test_id is not None:
            body = body_of_test(webhook.subscription, webhook.id, now)
            async with unit_of_work(self._engine) as unit:
                return await claim_test(unit.connection, webhook, body, lease=lease, until=until, now=now)
        standing = webhook.standing
        if webhook.paused or standing.disabled_at is not None or standing.next_at > now:
            return None
        draft = None
        if webhook.message_id is None:
            draft = next_message(webhook, self._mirror, releases, now, most_areas=self._most_areas)
            if draft is None:
                return None
        async with unit_of_work(self._engine) as unit:
            return await claim(unit.connection, webhook, draft, lease=lease, until=until, now=now)

    async def _deliver(self, claimed: Claimed) -> None:
        outcome = await self._send(claimed)
        now = self._now()
        standing = after(
            claimed.webhook.standing,
            outcome,
            self._policy,
            began=now - timedelta(seconds=outcome.seconds),
            now=now,
            jitter=random.random(),  # noqa: S311 - spreads attempts
        )

        async def keep() -> bool:
            async with unit_of_work(self._engine) as unit:
                return await note(unit.connection, claimed, outcome, standing, now)

        about = {"webhook": claimed.webhook.id, "message": claimed.id, "type": str(claimed.type)}
        try:
            noted = await retrying(keep, again=is_infrastructure)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("outcome not noted: the message is sent again", **about, error=type(error).__name__)
            return
        self._metrics.count(outcome)
        if not noted:
            log.warning("the lease had ended, or the message was replaced", **about)
        elif standing.disabled_at is not None and claimed.then is not None:
            log.error("webhook disabled", **about, why=standing.disabled_why, failures=standing.failures)
        elif not outcome.delivered:
            log.warning("webhook not delivered", **about, why=outcome.error, failures=standing.failures)

    async def _send(self, claimed: Claimed) -> Outcome:
        now = self._now()
        try:
            async with self._engine.connect() as connection:
                sealed = await secrets_of(connection, claimed.webhook.id, now)
            secrets = [opened_secret(self._ring, claimed.webhook.id, each.sealed) for each in sealed]
        except SealError as error:
            log.error("secret of a webhook cannot be opened", webhook=claimed.webhook.id, error=str(error))
            return Outcome(0.0, None, "its secret cannot be opened here; rotate it")
        signed = headers(claimed.id, claimed.body, secrets, now)
        return await self._post(claimed.webhook.subscription.url, signed, claimed.body.encode())

    async def settled(self) -> None:
        """Wait until the deliveries that are under way have ended.

        Raises:
            Exception: what one of them failed of.
        """
        for task in list(self._running.values()):
            await task
        self._reap()

    def _reap(self) -> bool:
        """Let go of deliveries that have ended. Returns whether there were any."""
        ended = [webhook for webhook, task in self._running.items() if task.done()]
        for webhook in ended:
            self._running.pop(webhook).result()
        return bool(ended)

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Send until shutdown; the database and receivers may come and go."""
        failures = 0
        async with Wakeup(self._engine, CHANNEL) as wakeup:
            while not shutdown.requested:
                try:
                    self._reap()
                    await self.turn()
                    failures, self.trouble = 0, None
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    self.trouble = f"webhooks cannot be looked after: {type(error).__name__}"
                    log.warning("sender waits", error=type(error).__name__)
                    await shutdown.sleep(backoff(failures))
                    failures += 1
                    continue
                await shutdown.sleep(BETWEEN_TURNS)
                await wakeup.wait(POLL_SECONDS, shutdown)
        await self._finish()

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running.values(), timeout=LAST_SECONDS)
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
