"""Before records of a device are judged: register the device, and give each number to the key it came with.

A number belongs to one key for good, so that no race can put two people under one number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import devices
from enrolment.storage.devices import Claimed
from mitra_shared.database import retrying
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.log import unit_of_work

MOST_DEVICES: Final = 100
"""Of one member of staff: a new phone, a cleared browser and a restored one each make a device."""


class DeviceOfAnother(Exception):
    """The device was registered by another member of staff, or for another campaign."""


class DevicesFull(Exception):
    """The member of staff has as many devices as there may be."""


@dataclass(frozen=True, slots=True)
class ClaimNumbers:
    """What a device says it sends: the highest number it ever gave, and (number, idempotency key)."""

    device: UUID
    campaign: CampaignId
    area: AreaCode
    staff: StaffId
    highest: int
    records: Sequence[tuple[int, str]]
    asked_at: datetime


async def claim_numbers(command: ClaimNumbers, engine: AsyncEngine) -> dict[int, Claimed]:
    """Give the numbers to their keys, durably. Returns to whom each belongs.

    Raises:
        DeviceOfAnother: nothing was claimed.
        DevicesFull: nothing was claimed.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _claim(command, engine))


async def _claim(command: ClaimNumbers, engine: AsyncEngine) -> dict[int, Claimed]:
    async with unit_of_work(engine) as unit:
        is_theirs = await devices.register(
            unit.connection,
            command.device,
            command.campaign,
            command.area,
            command.staff,
            command.highest,
            command.asked_at,
            most=MOST_DEVICES,
        )
        if not is_theirs:
            known = await devices.find(unit.connection, command.device)
            raise DevicesFull if known is None else DeviceOfAnother
        if not command.records:
            return {}
        return await devices.claim(unit.connection, command.device, command.staff, command.records)
