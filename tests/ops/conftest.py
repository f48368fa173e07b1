"""A sound campaign, played once by the real services; a test that asks gets a copy of its own to break."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from mitra_shared.ops.forking.client import ForkServer
from tests.ops.broken import Breakable
from tests.ops.campaign_world import Sound, World, copy_of, play_story, world_on
from tests.servers import Database, Databases

SERVICES = ("enrolment", "certificates", "reporting")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def forks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """A fork server of this test, whose children may become modules of the tests."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    server = ForkServer((), tmp_path / "fork-server.log", os.environ)
    yield server
    server.close()


@pytest_asyncio.fixture(scope="session")
async def sound(databases: Databases, session_redis_url: str) -> Sound:
    made = tuple([await databases.make(service) for service in SERVICES])
    async with Redis.from_url(session_redis_url) as redis:
        await redis.flushdb()
        async with world_on(*made, redis_url=session_redis_url) as world:
            await play_story(world)
        keys: dict[Any, Any] = {key: await redis.dump(key) for key in await redis.keys("*")}
        await redis.flushdb()
    return Sound(made, keys)


async def _restore(redis: Redis, sound: Sound) -> None:
    async with redis.pipeline() as pipe:
        for key, value in sound.keys.items():
            pipe.restore(key, 0, value)
        await pipe.execute()


@pytest_asyncio.fixture
async def world(databases: Databases, sound: Sound, redis: Redis, redis_url: str) -> AsyncIterator[World]:
    """A copy of the sound campaign, in which nothing runs yet."""
    copies = [await copy_of(databases, source) for source in sound.databases]
    await _restore(redis, sound)
    async with world_on(*copies, redis_url=redis_url) as copied:
        yield copied
    for copy in copies:
        await databases.drop(copy)


@pytest_asyncio.fixture
async def breakable(
    databases: Databases, sound: Sound, redis: Redis, redis_url: str
) -> AsyncIterator[Breakable]:
    """The sound campaign, to be broken by hand: only the database that is changed is copied."""
    await _restore(redis, sound)
    copies: list[Database] = []

    async def copy(source: Database) -> Database:
        copies.append(await copy_of(databases, source))
        return copies[-1]

    yield Breakable(dict(zip(SERVICES, sound.databases, strict=True)), copy, redis, redis_url)
    for each in copies:
        await databases.drop(each)
