"""Receivers on loopback, and a campaign that is told to them."""

from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.reporting.field import Field
from tests.reporting.webhooks.receiver import Receiver, receiving
from tests.reporting.webhooks.sending import Sending


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest_asyncio.fixture
async def sending(reporting_engine: AsyncEngine, field: Field) -> Sending:
    await field.apply(field.defined())
    return Sending(reporting_engine)
