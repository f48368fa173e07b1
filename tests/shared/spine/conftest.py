"""Fixture of the spine's tests: a `Spine` on two databases of this test and an emptied Redis."""

from collections.abc import AsyncIterator

import pytest_asyncio

from mitra_shared.database import create_engine
from tests.servers import Databases
from tests.shared.spine.harness import Spine


@pytest_asyncio.fixture
async def spine(databases: Databases, redis_url: str) -> AsyncIterator[Spine]:
    producer, consumer = await databases.make(), await databases.make()
    writes = create_engine(producer.url, application="spine", pool_size=8)
    reads = create_engine(consumer.url, application="spine", pool_size=8)
    spine = Spine(writes, reads, redis_url)
    await spine.prepare()
    yield spine
    await spine.close()
    for engine in (writes, reads):
        await engine.dispose()
    for database in (producer, consumer):
        await databases.drop(database)
