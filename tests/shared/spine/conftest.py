"""Fixture of the spine's tests: a `Spine` on two databases of this test and an emptied Redis."""

from collections.abc import AsyncIterator

import pytest_asyncio

from mitra_shared.database import create_engine
from tests.servers import Databases
from tests.shared.spine.harness import Spine


@pytest_asyncio.fixture
async def spine(databases: Databases, redis_url: str) -> AsyncIterator[Spine]:
    producer, consumer = await databases.make(), await databases.make()
    engines = [create_engine(d.url, application="spine", pool_size=8) for d in (producer, consumer)]
    spine = Spine(*engines, redis_url)
    await spine.prepare()
    yield spine
    await spine.close()
    for engine in engines:
        await engine.dispose()
    for database in (producer, consumer):
        await databases.drop(database)
