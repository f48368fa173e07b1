"""The broadcaster: hands messages of broadcasts over as fast as their campaign allows, until shutdown.

Beside `messages.sender`, which it never holds up. Nothing goes in quiet hours, while issuing is frozen, or
once a broadcast is cancelled; how many may go is taken from one bucket for all processes, in the transaction
that leases the messages.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection
from structlog import get_logger

from enrolment.domain.broadcasts import BroadcastId, Held
from enrolment.domain.pacing import refilled
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


class Broadcaster:
    """Sends broadcasts.

    Attributes:
        trouble: why it cannot work; None while it can.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.trouble: str | None = "broadcasts were not looked for yet"
        self._delivery = delivery

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
        due: list[Due] = []
        held: list[Held] = []
        async with unit_of_work(delivery.engine) as unit:
            waiting = await broadcasts.being_sent(unit.connection, now)
            if waiting:
                await work_as(unit.connection, Work.MESSAGES)
                await delivery.campaigns.refresh(unit.connection)
            for campaign, ids in waiting.items():
                room = (1 if delivery.is_down else delivery.limits.at_once) - len(due)
                why, taken = await self._taken(unit.connection, campaign, ids, lease, now, room)
                due += taken
                if why is not None:
                    held.append(why)
            if looks := delivery.looks(due, now):
                await record(unit.connection, looks, now)
        delivery.metrics.see_held(held)
        async with asyncio.TaskGroup() as sending:
            for message in due:
                sending.create_task(delivery.deliver(message, lease), name=f"message {message.id}")
        return len(due)

    async def _taken(
        self,
        connection: AsyncConnection,
        campaign: CampaignId,
        ids: Sequence[BroadcastId],
        lease: UUID,
        now: datetime,
        room: int,
    ) -> tuple[Held | None, list[Due]]:
        """Messages of a campaign that may go, at most `room`; and what holds the others."""
        definition = self._delivery.campaigns.get(campaign).definition
        why = why_held(definition, now)
        if why is not None or room <= 0:
            return why, []
        pace = await broadcast_messages.take_pace(connection, campaign)
        if pace is None:
            # Another process takes from the bucket at this moment.
            return None, []
        pace = refilled(pace, definition.messages.a_minute, now)
        room = min(room, int(pace.tokens))
        due = []
        if room:
            until = now + timedelta(seconds=self._delivery.limits.lease)
            due = await broadcast_messages.claim(connection, ids, lease, now=now, until=until, at_most=room)
        left = pace._replace(tokens=pace.tokens - len(due))
        await broadcast_messages.leave_pace(connection, campaign, left)
        return (Held.RATE if left.tokens < 1 else None), due
