"""The broadcaster: hands messages of broadcasts over as fast as their campaign allows, until shutdown.

Beside `messages.sender`, which it never holds up. Nothing goes in quiet hours, while issuing is frozen, or
once a broadcast is cancelled; how many may go is taken from one bucket for all processes, in the transaction
that leases the messages. Campaigns share what goes at once, so that none waits until another has sent all.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection
from structlog import get_logger

from enrolment.domain.broadcasts import BroadcastId, Held
from enrolment.domain.pacing import Pace, refilled, shares
from enrolment.messages.delivery import Delivery
from enrolment.messages.holding import why_held
from enrolment.storage import broadcast_messages, broadcasts
from enrolment.storage.messages import Due
from enrolment.storage.row_security import Work, work_as
from mitra_shared.access_record.record import record
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)


class _Allowed(NamedTuple):
    """A campaign that may send by its bucket, which is locked."""

    campaign: CampaignId
    broadcasts: Sequence[BroadcastId]
    pace: Pace


class Broadcaster:
    """Sends broadcasts.

    Attributes:
        trouble: why it cannot work; None while it can.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.trouble: str | None = "broadcasts were not looked for yet"
        self._delivery = delivery
        self._turns = 0

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Send until shutdown; the database and the gateway may come and go."""
        away = 0
        while not shutdown.requested:
            try:
                taken = await self.turn()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self.trouble = f"broadcasts cannot be read: {type(error).__name__}"
                log.warning("broadcasts wait for the database", error=describe_error(error))
                await shutdown.sleep(backoff(away))
                away += 1
                continue
            away = 0
            self.trouble = None
            if self._delivery.is_down:
                await shutdown.sleep(self._delivery.rest)
            elif not taken:
                await shutdown.sleep(self._delivery.limits.poll)

    async def check(self) -> str | None:
        """A readiness check: whether broadcasts can be looked for. That one is held is no trouble."""
        return self.trouble

    async def turn(self) -> int:
        """Send what may go now, as much as may go at once. Returns how many messages were taken.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
        """
        delivery = self._delivery
        now, lease = delivery.clock(), uuid4()
        self._turns += 1
        async with unit_of_work(delivery.engine) as unit:
            waiting = await broadcasts.being_sent(unit.connection, now)
            if waiting:
                await work_as(unit.connection, Work.MESSAGES)
                await delivery.campaigns.refresh(unit.connection)
            allowed, held = await self._allowed(unit.connection, waiting, now)
            due = await self._taken(unit.connection, allowed, held, lease, now)
            if looks := delivery.looks(due, now):
                await record(unit.connection, looks, now)
        delivery.metrics.see_held(held)
        async with asyncio.TaskGroup() as sending:
            for message in due:
                sending.create_task(delivery.deliver(message, lease), name=f"message {message.id}")
        return len(due)

    async def _allowed(
        self, connection: AsyncConnection, waiting: Mapping[CampaignId, Sequence[BroadcastId]], now: datetime
    ) -> tuple[list[_Allowed], list[Held]]:
        """Campaigns that may send now, their buckets filled up to now, and what holds the others."""
        allowed: list[_Allowed] = []
        held: list[Held] = []
        for campaign, ids in waiting.items():
            definition = self._delivery.campaigns.get(campaign).definition
            if (why := why_held(definition, now)) is not None:
                held.append(why)
                continue
            pace = await broadcast_messages.take_pace(connection, campaign)
            # None: another process takes from the bucket at this moment.
            if pace is not None:
                pace = refilled(pace, definition.messages.a_minute, now)
                allowed.append(_Allowed(campaign, ids, pace))
        return allowed, held

    async def _taken(
        self,
        connection: AsyncConnection,
        allowed: Sequence[_Allowed],
        held: list[Held],
        lease: UUID,
        now: datetime,
    ) -> list[Due]:
        """Messages that go now: each campaign has its share, and another one is the first in each turn.

        Whose bucket is empty then is added to `held`.
        """
        delivery = self._delivery
        first = self._turns % len(allowed) if allowed else 0
        in_turn = [*allowed[first:], *allowed[:first]]
        tokens = [int(each.pace.tokens) for each in in_turn]
        until = now + timedelta(seconds=delivery.limits.lease)
        due: list[Due] = []
        spare = 0
        for each, share, most in zip(
            in_turn,
            shares(1 if delivery.is_down else delivery.limits.at_once, tokens),
            tokens,
            strict=True,
        ):
            # What a campaign does not use, because its messages are put off, is the next one's.
            room = min(share + spare, most)
            taken = []
            if room:
                taken = await broadcast_messages.claim(
                    connection, each.broadcasts, lease, now=now, until=until, at_most=room
                )
            due += taken
            spare += share - len(taken)
            left = each.pace._replace(tokens=each.pace.tokens - len(taken))
            await broadcast_messages.leave_pace(connection, each.campaign, left)
            if left.tokens < 1:
                held.append(Held.RATE)
        return due
