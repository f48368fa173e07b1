"""One message on its way: opened, worded, handed to the gateway, and what came of it noted.

Shared by the sender and by the broadcaster, so that both know alike how the gateway is.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.campaigns import CampaignNotLoaded, LoadedCampaigns
from enrolment.messages.gateway import GatewayFailed, MessageGateway, MessageRefused, OutgoingMessage
from enrolment.messages.metrics import MessageMetrics
from enrolment.messages.wording import Wording
from enrolment.seals import open_phone
from enrolment.storage import messages as storage
from enrolment.storage.messages import Due
from enrolment.storage.row_security import Work, work_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.database import backoff, is_infrastructure, retrying
from mitra_shared.log import unit_of_work
from mitra_shared.security.sealing import KeyRing, SealError
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)


class SenderLimits(NamedTuple):
    """Bounds; times in seconds."""

    at_once: int = 8
    attempts: int = 12
    """Of one message, over some three hours in which the gateway takes others."""
    lease: float = 60.0
    first_pause: float = 2.0
    longest_pause: float = 1_800.0
    poll: float = 1.0
    in_a_row: int = 5
    """Failures of the gateway after which it counts as down."""
    longest_rest: float = 30.0
    """Between two looks at a gateway that is down."""
    looks: float = 15.0
    """Between two counts of the outbox."""
    recent: float = 3_600.0
    """For how long a message that was given up shows in readiness."""


class Delivery:
    """Delivers messages that are leased.

    Attributes:
        failures: how often in a row the gateway did not take a message.
        campaigns: those in force; whoever takes messages refreshes them first.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        gateway: MessageGateway,
        phones: KeyRing,
        wording: Wording,
        metrics: MessageMetrics,
        clock: Callable[[], datetime],
        limits: SenderLimits | None = None,
    ) -> None:
        self.engine = engine
        self.metrics = metrics
        self.clock = clock
        self.limits = limits or SenderLimits()
        self.campaigns = LoadedCampaigns()
        self.failures = 0
        self._gateway = gateway
        self._phones = phones
        self._wording = wording
        self._last_failure = ""

    @property
    def is_down(self) -> bool:
        """Whether the gateway counts as down."""
        return self.failures >= self.limits.in_a_row

    @property
    def rest(self) -> float:
        """Seconds until a gateway that is down is asked again."""
        return backoff(self.failures, first=self.limits.poll, ceiling=self.limits.longest_rest)

    @property
    def trouble(self) -> str | None:
        """Why the gateway counts as down, if it does."""
        if not self.is_down:
            return None
        return f"the gateway took none of the last {self.failures} messages: {self._last_failure}"

    def looks(self, due: Sequence[Due], now: datetime) -> list[Look]:
        """That the phones of these messages are opened, for the access record."""
        return [
            Look("messages", "service", Purpose.MESSAGE, message.recipient, ("phone",))
            for message in due
            if _why_dropped(message, now) is None
        ]

    async def deliver(self, due: Due, lease: UUID) -> None:
        """Send one message and note what came of it."""
        about = {"message": str(due.id), "kind": due.kind.value, "attempt": due.attempts}
        dropped = _why_dropped(due, self.clock())
        if dropped is not None:
            await self._note(due, lease, "dropped", dropped)
            return
        try:
            outgoing = self._opened(due)
        except (SealError, CampaignNotLoaded, KeyError, ValueError) as error:
            log.error("a message cannot be made", **about, error=describe_error(error, message=False))
            await self._note(due, lease, "failed", f"cannot be made: {type(error).__name__}")
            return
        try:
            await self._gateway.send(outgoing)
        except MessageRefused as refused:
            self.failures = 0
            log.warning("a message is refused by the gateway", **about, why=str(refused))
            await self._note(due, lease, "failed", f"refused: {refused}")
        except GatewayFailed as failed:
            await self._failed(due, lease, str(failed), failed.retry_after)
        except Exception as error:  # noqa: BLE001 - whatever a gateway raises, the message has an outcome
            log.error("the gateway has a fault", **about, error=describe_error(error, message=False))
            await self._failed(due, lease, f"fault: {type(error).__name__}", None)
        else:
            self.failures = 0
            await self._note(due, lease, "sent", None)

    def _opened(self, due: Due) -> OutgoingMessage:
        """The message with phone and text, for the length of an attempt."""
        campaign = self.campaigns.get(due.campaign).definition.name.in_language(due.language)
        return OutgoingMessage(
            due.id,
            due.kind,
            due.language,
            open_phone(self._phones, due.phone or "", due.recipient),
            self._text(due, campaign),
        )

    def _text(self, due: Due, campaign: str) -> str:
        if due.bulk is not None:
            return self._wording.broadcast(due.recipient, due.bulk.texts, due.language, campaign)
        return self._wording.text(due.kind, due.recipient, due.facts, due.language, campaign)

    async def _failed(self, due: Due, lease: UUID, why: str, retry_after: float | None) -> None:
        """Try again later, or give the message up, which says nothing while the gateway takes none."""
        self.failures += 1
        self._last_failure = why
        limits, is_down = self.limits, self.is_down
        if due.attempts >= limits.attempts and not is_down:
            log.error("a message is given up", message=str(due.id), kind=due.kind.value, why=why)
            await self._note(due, lease, "failed", f"given up: {why}")
            return
        pause = backoff(due.attempts - 1, first=limits.first_pause, ceiling=limits.longest_pause)
        next_at = self.clock() + timedelta(seconds=max(pause, retry_after or 0.0))
        log.warning("a message is tried again", message=str(due.id), attempt=due.attempts, why=why)

        async def put_off() -> bool:
            async with unit_of_work(self.engine) as unit:
                await work_as(unit.connection, Work.MESSAGES)
                return await storage.put_off(unit.connection, due.id, lease, next_at, why, counts=not is_down)

        await self._keep(due, put_off, "again")

    async def _note(self, due: Due, lease: UUID, state: str, why: str | None) -> None:
        async def end() -> bool:
            async with unit_of_work(self.engine) as unit:
                await work_as(unit.connection, Work.MESSAGES)
                return await storage.end(unit.connection, due.id, lease, state, self.clock(), why)

        await self._keep(due, end, state)

    async def _keep(self, due: Due, write: Callable[[], Awaitable[bool]], outcome: str) -> None:
        try:
            kept = await retrying(write, again=is_infrastructure)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("an outcome is not noted: the message goes out again", message=str(due.id))
            return
        if kept:
            self.metrics.count(due.kind, outcome)
        else:
            log.warning("the lease of a message had ended", message=str(due.id), outcome=outcome)


def _why_dropped(due: Due, now: datetime) -> str | None:
    if due.expires_at is not None and due.expires_at <= now:
        return "expired"
    if due.phone is None:
        return "nobody to send it to"
    return "no longer wanted" if due.bulk is not None and due.bulk.is_unwanted else None
