"""Send a one-time code to the phone of whoever a receipt belongs to; nobody learns whether there is one.

The same work is done for a receipt that does not exist, and the same limits hold for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.codes import CODES_A_DAY, CODES_AN_HOUR, VALID_FOR, ChallengeId
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.receipts import Receipt
from enrolment.seals import Seals
from enrolment.storage import codes, mitras
from enrolment.storage.row_security import Work, work_as
from mitra_shared.database import retrying
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class SendCode:
    """What somebody who holds a receipt asks."""

    receipt: Receipt
    asked_at: datetime


async def send_code(command: SendCode, engine: AsyncEngine, seals: Seals) -> None:
    """Send a code, unless too many were asked for. What became of it shows on the phone alone.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    await retrying(lambda: _send(command, engine, seals.receipt_hash(command.receipt)))


async def _send(command: SendCode, engine: AsyncEngine, receipt: bytes) -> None:
    now, challenge = command.asked_at, ChallengeId(uuid4())
    async with unit_of_work(engine) as unit:
        await work_as(unit.connection, Work.OWN_DATA)
        in_hour, in_day = await codes.asked_before(
            unit.connection, receipt, hour_ago=now - timedelta(hours=1), day_ago=now - timedelta(days=1)
        )
        mitra = await mitras.of_receipt(unit.connection, receipt)
        if in_hour >= CODES_AN_HOUR or in_day >= CODES_A_DAY:
            return
        expires_at = now + VALID_FOR
        await codes.keep(unit.connection, challenge, receipt, asked_at=now, expires_at=expires_at)
        if mitra is not None:
            facts = {"challenge": str(challenge)}
            await enqueue(unit.connection, [Message(mitra, MessageKind.CODE, now, facts, expires_at)])
