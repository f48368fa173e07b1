"""The sender: takes messages to one person from the outbox and hands them over, until shutdown.

At least once, always under the same id: a process that dies after the gateway took a message leaves it to
the next, and the gateway tells the repetition by the id. While the gateway is down one message at a time is
tried, so that an outage does not use up the attempts of all. Broadcasts are sent beside it, by
`messages.broadcaster`, so that none of them is ever waited for here.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

from structlog import get_logger

from enrolment.messages.delivery import Delivery
from enrolment.storage import messages as storage
from enrolment.storage.row_security import Work, work_as
from mitra_shared.access_record.record import record
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)


class Sender:
    """Sends what is due.

    Attributes:
        trouble: why messages do not get through; None while all is well.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.trouble: str | None = "the outbox was not read yet"
        self._delivery = delivery
        self._engine = delivery.engine
        self._metrics = delivery.metrics
        self._clock = delivery.clock
        self._limits = delivery.limits
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
            if self._delivery.is_down:
                await shutdown.sleep(self._delivery.rest)
            elif not taken:
                await shutdown.sleep(self._limits.poll)

    async def check(self) -> str | None:
        """A readiness check: whether messages get through."""
        return self.trouble

    def _why_not_well(self) -> str | None:
        if self._delivery.is_down:
            return self._delivery.trouble
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
            await self._delivery.campaigns.refresh(unit.connection)
            due = await storage.claim(
                unit.connection,
                lease,
                now=now,
                until=now + timedelta(seconds=self._limits.lease),
                at_most=1 if self._delivery.is_down else self._limits.at_once,
            )
            if looks := self._delivery.looks(due, now):
                await record(unit.connection, looks, now)
        async with asyncio.TaskGroup() as sending:
            for message in due:
                sending.create_task(self._delivery.deliver(message, lease), name=f"message {message.id}")
        return len(due)

    async def _look(self) -> None:
        """Count the outbox, now and then."""
        now = self._clock()
        if self._looked_at is not None and (now - self._looked_at).total_seconds() < self._limits.looks:
            return
        recently = now - timedelta(seconds=self._limits.recent)
        async with self._engine.connect() as connection:
            await work_as(connection, Work.MESSAGES)
            standing = await storage.standing(connection, now=now, recently=recently)
        self._metrics.see(standing, now)
        self._given_up = standing.given_up
        self._looked_at = now
