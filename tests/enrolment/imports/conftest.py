"""Imports on a database with the small campaign."""

from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.enrolment.imports.import_world import ImportWorld, import_world


@pytest_asyncio.fixture
async def world(campaign_engine: AsyncEngine) -> AsyncIterator[ImportWorld]:
    async with import_world(campaign_engine) as running:
        yield running
