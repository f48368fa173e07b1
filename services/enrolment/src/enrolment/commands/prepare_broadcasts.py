"""Prepare approved broadcasts page by page, and bring to their end those that are sent, cancelled or too old.

Each step is one short transaction that holds the row of its broadcast: a process that is killed leaves a
broadcast where the last step ended, and two never prepare the same page. A person gets one message of a
broadcast, whatever happens, since the database holds to that.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.domain.broadcasts import APPROVE_WITHIN, BroadcastId, BroadcastState, by_outcome
from enrolment.storage import broadcast_messages, broadcasts
from enrolment.storage.locks import lock_broadcasts
from enrolment.storage.row_security import Work, work_as
from mitra_shared.log import unit_of_work

PAGE: Final = 1_000
"""People looked at in one step, and messages dropped."""


async def prepare_broadcasts(
    engine: AsyncEngine,
    campaigns: LoadedCampaigns,
    now: datetime,
    beat: Callable[[], None],
    *,
    page: int = PAGE,
) -> None:
    """Do all there is to do; `beat` is called after each step of so many people.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; what was done stays.
    """
    async with unit_of_work(engine) as unit:
        await broadcasts.cancel_old_drafts(unit.connection, now - APPROVE_WITHIN, now)
        waiting = await broadcasts.at_work(unit.connection, now)
    for broadcast in waiting:
        while await advance(engine, campaigns, broadcast, now, page=page):
            beat()
    beat()


async def advance(
    engine: AsyncEngine,
    campaigns: LoadedCampaigns,
    broadcast: BroadcastId,
    now: datetime,
    *,
    page: int = PAGE,
) -> bool:
    """Do one step for a broadcast. Returns whether there is another to do at once."""
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        # Of two broadcasts to the same people each must see whom the other is about to reach.
        await lock_broadcasts(connection)
        await work_as(connection, Work.MESSAGES)
        row = await broadcasts.find(connection, broadcast, for_update=True)
        if row is None or row.finished_at is not None or row.state == BroadcastState.DRAFT:
            return False
        if row.state == BroadcastState.CANCELLED or row.expires_at <= now:
            return await _drop(connection, row, now, page)
        if row.state != BroadcastState.SENDING:
            await campaigns.refresh(connection)
            return await _prepare(connection, row, campaigns, now, page)
        if not await broadcast_messages.is_any_waiting(connection, row.id):
            await _finish(connection, row, now)
        return False


async def _prepare(
    connection: AsyncConnection, row: Row[Any], campaigns: LoadedCampaigns, now: datetime, page: int
) -> bool:
    days = campaigns.get(row.campaign).definition.messages.days_between
    looked_at = await broadcast_messages.put(
        connection, row, since=now - timedelta(days=days), now=now, at_most=page
    )
    await broadcasts.note_prepared(
        connection, row.id, to=looked_at.last, more=looked_at.put, is_last=looked_at.seen < page
    )
    return True


async def _drop(connection: AsyncConnection, row: Row[Any], now: datetime, page: int) -> bool:
    why = "cancelled" if row.state == BroadcastState.CANCELLED else "expired"
    dropped = await broadcast_messages.drop(connection, row.id, why, now, at_most=page)
    if dropped == page:
        return True
    # What a sender holds at this moment is sent, or dropped once its lease has ended.
    if not await broadcast_messages.is_any_waiting(connection, row.id):
        await _finish(connection, row, now)
    return False


async def _finish(connection: AsyncConnection, row: Row[Any], now: datetime) -> None:
    outcome = by_outcome(await broadcast_messages.counts(connection, row.id))
    await broadcasts.finish(connection, row.id, outcome, now)
