"""A field of events over the small campaign, and the reporting api on top of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, running_api


@pytest.fixture
def field(reporting_engine: AsyncEngine) -> Field:
    return Field(reporting_engine)


@pytest_asyncio.fixture
async def api(reporting_engine: AsyncEngine, redis: Redis) -> AsyncIterator[ReportingApi]:
    async with running_api(reporting_engine, redis) as running:
        yield running
