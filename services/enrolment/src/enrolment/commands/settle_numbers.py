"""After records of a device were judged and their outcomes are durable: mark their numbers as received."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.numbering import Numbering
from enrolment.storage import devices
from enrolment.storage.devices import Settled
from mitra_shared.database import retrying
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class SettleNumbers:
    """Numbers of a registered device whose outcomes are durable."""

    device: UUID
    settled: Sequence[Settled]
    answered_at: datetime


async def settle_numbers(command: SettleNumbers, engine: AsyncEngine) -> Numbering:
    """Mark the numbers, durably; doing it again changes nothing. Returns how the device stands.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away. The outcomes stand, and the same records sent again
            are answered by them and marked then.
    """
    return await retrying(lambda: _settle(command, engine))


async def _settle(command: SettleNumbers, engine: AsyncEngine) -> Numbering:
    async with unit_of_work(engine) as unit:
        return await devices.settle(unit.connection, command.device, command.settled, command.answered_at)
