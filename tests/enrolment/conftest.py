"""An api with the small campaign loaded."""

from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.enrolment.contacting import ContactWorld
from tests.enrolment.intake_api import IntakeApi, TestClock, load, running_api
from tests.enrolment.messages.broadcasting import Bulk, bulk_on
from tests.enrolment.staff_world import StaffWorld, staff_world
from tests.factories import small_campaign


@pytest_asyncio.fixture
async def campaign_engine(enrolment_engine: AsyncEngine) -> AsyncEngine:
    await load(enrolment_engine, small_campaign())
    return enrolment_engine


@pytest_asyncio.fixture
async def api(campaign_engine: AsyncEngine) -> AsyncIterator[IntakeApi]:
    async with running_api(campaign_engine) as running:
        yield running


@pytest_asyncio.fixture
async def staff(campaign_engine: AsyncEngine) -> AsyncIterator[StaffWorld]:
    async with staff_world(campaign_engine) as world:
        yield world


@pytest_asyncio.fixture
async def contacts(campaign_engine: AsyncEngine) -> AsyncIterator[ContactWorld]:
    clock = TestClock()
    async with running_api(campaign_engine, clock=clock) as api:
        yield ContactWorld(api, clock)


@pytest_asyncio.fixture
async def bulk(campaign_engine: AsyncEngine) -> AsyncIterator[Bulk]:
    async with bulk_on(campaign_engine) as made:
        yield made
