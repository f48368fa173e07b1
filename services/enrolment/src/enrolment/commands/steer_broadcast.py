"""What is decided about a broadcast that is there: that it is sent, or that it is not sent any further."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.domain.broadcasts import APPROVE_WITHIN, SEND_WITHIN, BroadcastId, BroadcastState
from enrolment.storage import broadcast_messages, broadcasts
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role


class BroadcastNotFound(Exception):
    """There is no broadcast of this id that the caller sees."""


class NotYoursToApprove(Exception):
    """The broadcast belongs to an in-charge."""


class BroadcastNotReady(Exception):
    """The broadcast is in another state. `state` is the one it is in."""

    def __init__(self, state: BroadcastState) -> None:
        super().__init__(state.value)
        self.state = state


class BroadcastDiffers(Exception):
    """What is there is not what the caller saw."""


@dataclass(frozen=True, slots=True)
class SteerBroadcast:
    """Who decides about which broadcast."""

    id: BroadcastId
    campaign: CampaignId
    caller: Caller
    asked_at: datetime


def sees(caller: Caller, campaign: CampaignId, row: Row[Any]) -> bool:
    """Whether a broadcast is there for the caller: headquarters sees all, an in-charge the own."""
    if row.campaign != campaign:
        return False
    return caller.role is Role.HEADQUARTERS or (caller.area is not None and row.constituency == caller.area)


async def approve_broadcast(command: SteerBroadcast, digest: str, engine: AsyncEngine) -> None:
    """Let a draft be sent to whom and as it was seen. Asked again, it changes nothing.

    Raises:
        BroadcastNotFound, NotYoursToApprove, BroadcastNotReady, BroadcastDiffers: nothing was changed.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    await retrying(lambda: _approve(command, digest, engine))


async def _approve(command: SteerBroadcast, digest: str, engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as unit:
        row = await _locked(unit.connection, command)
        if command.caller.role is Role.HEADQUARTERS and row.constituency is not None:
            raise NotYoursToApprove
        if row.digest != digest:
            raise BroadcastDiffers
        if row.approved_at is not None and row.state != BroadcastState.CANCELLED:
            return
        if row.state != BroadcastState.DRAFT:
            raise BroadcastNotReady(BroadcastState(row.state))
        now = command.asked_at
        if row.created_at + APPROVE_WITHIN < now:
            raise BroadcastNotReady(BroadcastState.CANCELLED)
        begins = max(now, row.not_before or now)
        await broadcasts.approve(unit.connection, row.id, command.caller.subject, now, begins + SEND_WITHIN)
        await broadcast_messages.open_pace(unit.connection, row.campaign, now)


async def cancel_broadcast(command: SteerBroadcast, engine: AsyncEngine) -> None:
    """Send it to nobody any more. Asked again, it changes nothing.

    Raises:
        BroadcastNotFound, BroadcastNotReady: nothing was changed.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    await retrying(lambda: _cancel(command, engine))


async def _cancel(command: SteerBroadcast, engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as unit:
        row = await _locked(unit.connection, command)
        if row.state == BroadcastState.CANCELLED:
            return
        if row.state == BroadcastState.DONE:
            raise BroadcastNotReady(BroadcastState.DONE)
        await broadcasts.cancel(unit.connection, row.id, command.caller.subject, command.asked_at)


async def _locked(connection: AsyncConnection, command: SteerBroadcast) -> Row[Any]:
    row = await broadcasts.find(connection, command.id, for_update=True)
    if row is None or not sees(command.caller, command.campaign, row):
        raise BroadcastNotFound
    return row
