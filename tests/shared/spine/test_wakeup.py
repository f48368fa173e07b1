"""What a relay does while nothing happens: it wakes for a notification, and at once when it is to stop."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.wakeup import Wakeup

LONG = 60.0
"""Seconds; whatever comes before half of them did not wait for their end."""


@pytest_asyncio.fixture
async def wakeup(blank_engine: AsyncEngine) -> AsyncIterator[Wakeup]:
    async with Wakeup(blank_engine, "news") as listening:
        # The first wait connects and listens.
        await listening.wait(0.0, ShutdownSignal())
        yield listening


async def test_it_wakes_at_once_when_the_process_is_to_stop(wakeup: Wakeup) -> None:
    shutdown, began = ShutdownSignal(), monotonic()
    asyncio.get_running_loop().call_later(0.05, shutdown.request, "test")
    await wakeup.wait(LONG, shutdown)
    assert monotonic() - began < LONG / 2


async def test_it_wakes_for_a_notification_also_for_one_that_came_before(
    wakeup: Wakeup, blank_engine: AsyncEngine
) -> None:
    async with blank_engine.begin() as connection:
        await connection.execute(text("notify news"))
    began = monotonic()
    await wakeup.wait(LONG, ShutdownSignal())
    assert monotonic() - began < LONG / 2


async def test_it_wakes_when_the_time_is_over(wakeup: Wakeup) -> None:
    began = monotonic()
    await wakeup.wait(0.1, ShutdownSignal())
    assert 0.05 < monotonic() - began < LONG / 2
