"""The sender: takes messages from the outbox and hands them to the gateway, until shutdown.

At least once, always under the same id: a process that dies after the gateway took a message leaves it to
the next, and the gateway tells the repetition by the id. While the gateway is down one message at a time is
tried, so that an outage does not use up the attempts of all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

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
from mitra_shared.access_record.record import record
from mitra_shared.database import backoff, is_infrastructure, retrying
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.sealing import KeyRing, SealError
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)


class SenderLimits(NamedTuple):
    """Bounds; times in seconds."""

    at_once: int = 8
    attempts: int = 12
    """Of one message, over some three hours."""
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


class Sender:
    """Sends what is due.

    Attributes:
        trouble: why messages do not get through; None while all is well.
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
        self.trouble: str | None = "the outbox was not read yet"
        self._engine = engine
        self._gateway = gateway
        self._phones = phones
        self._wording = wording
        self._metrics = metrics
        self._clock = clock
        self._limits = limits or SenderLimits()
        self._campaigns = LoadedCampaigns()
        self._failures = 0
        self._last_failure = ""
        self._given_up = 0
        self._looked_at: datetime | None = None

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Send until shutdown; the database and the gateway may come and go."""
        away = 0
        while not shutdown.requested:
            try:
                taken = await self.turn()
                await self._look()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self.trouble = f"the outbox cannot be read: {type(error).__name__}"
                log.warning("messages wait for the database", error=describe_error(error))
                await shutdown.sleep(backoff(away))
                away += 1
                continue
            away = 0
            self.trouble = self._why_not_well()
            if self._is_down:
                await shutdown.sleep(
                    backoff(self._failures, first=self._limits.poll, ceiling=self._limits.longest_rest)
                )
            elif not taken:
                await shutdown.sleep(self._limits.poll)

    async def check(self) -> str | None:
        """A readiness check: whether messages get through."""
        return self.trouble

    @property
    def _is_down(self) -> bool:
        return self._failures >= self._limits.in_a_row

    def _why_not_well(self) -> str | None:
        if self._is_down:
            return f"the gateway took none of the last {self._failures} messages: {self._last_failure}"
        if self._given_up:
            return f"{self._given_up} messages were given up in the last hour; see docs/messages.md"
        return None

    async def turn(self) -> int:
        """Send what is due now, as much as may go at once. Returns how many messages were taken.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
        """
        now, lease = self._clock(), uuid4()
        async with unit_of_work(self._engine) as unit:
            await work_as(unit.connection, Work.MESSAGES)
            await self._campaigns.refresh(unit.connection)
            due = await storage.claim(
                unit.connection,
                lease,
                now=now,
                until=now + timedelta(seconds=self._limits.lease),
                at_most=1 if self._is_down else self._limits.at_once,
            )
            if looks := _looks(due, now):
                await record(unit.connection, looks, now)
        async with asyncio.TaskGroup() as sending:
            for message in due:
                sending.create_task(self._deliver(message, lease), name=f"message {message.id}")
        return len(due)

    async def _deliver(self, due: Due, lease: UUID) -> None:
        """Send one message and note what came of it."""
        about = {"message": str(due.id), "kind": due.kind.value, "attempt": due.attempts}
        dropped = self._why_dropped(due)
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
            self._failures = 0
            log.warning("a message is refused by the gateway", **about, why=str(refused))
            await self._note(due, lease, "failed", f"refused: {refused}")
        except GatewayFailed as failed:
            await self._failed(due, lease, str(failed), failed.retry_after)
        except Exception as error:  # noqa: BLE001 - whatever a gateway raises, the message has an outcome
            log.error("the gateway has a fault", **about, error=describe_error(error, message=False))
            await self._failed(due, lease, f"fault: {type(error).__name__}", None)
        else:
            self._failures = 0
            await self._note(due, lease, "sent", None)

    def _why_dropped(self, due: Due) -> str | None:
        if due.expires_at is not None and due.expires_at <= self._clock():
            return "expired"
        return "nobody to send it to" if due.phone is None else None

    def _opened(self, due: Due) -> OutgoingMessage:
        """The message with phone and text, for the length of an attempt."""
        campaign = self._campaigns.get(due.campaign).definition.name.in_language(due.language)
        return OutgoingMessage(
            due.id,
            due.kind,
            due.language,
            open_phone(self._phones, due.phone or "", due.recipient),
            self._wording.text(due.kind, due.recipient, due.facts, due.language, campaign),
        )

    async def _failed(self, due: Due, lease: UUID, why: str, retry_after: float | None) -> None:
        """Try again later, or give the message up."""
        self._failures += 1
        self._last_failure = why
        limits = self._limits
        if due.attempts >= limits.attempts:
            log.error("a message is given up", message=str(due.id), kind=due.kind.value, why=why)
            await self._note(due, lease, "failed", f"given up: {why}")
            return
        pause = backoff(due.attempts - 1, first=limits.first_pause, ceiling=limits.longest_pause)
        next_at = self._clock() + timedelta(seconds=max(pause, retry_after or 0.0))
        log.warning("a message is tried again", message=str(due.id), attempt=due.attempts, why=why)

        async def put_off() -> bool:
            async with unit_of_work(self._engine) as unit:
                return await storage.put_off(unit.connection, due.id, lease, next_at, why)

        await self._keep(due, put_off, "again")

    async def _note(self, due: Due, lease: UUID, state: str, why: str | None) -> None:
        async def end() -> bool:
            async with unit_of_work(self._engine) as unit:
                return await storage.end(unit.connection, due.id, lease, state, self._clock(), why)

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
            self._metrics.count(due.kind, outcome)
        else:
            log.warning("the lease of a message had ended", message=str(due.id), outcome=outcome)

    async def _look(self) -> None:
        """Count the outbox, now and then."""
        now = self._clock()
        if self._looked_at is not None and (now - self._looked_at).total_seconds() < self._limits.looks:
            return
        recently = now - timedelta(seconds=self._limits.recent)
        async with self._engine.connect() as connection:
            standing = await storage.standing(connection, now=now, recently=recently)
        self._metrics.see(standing, now)
        self._given_up = standing.given_up
        self._looked_at = now


def _looks(due: Sequence[Due], now: datetime) -> list[Look]:
    """That the phones of these messages are opened, for the access record."""
    return [
        Look("messages", "service", Purpose.MESSAGE, message.recipient, ("phone",))
        for message in due
        if message.phone is not None and (message.expires_at is None or message.expires_at > now)
    ]
