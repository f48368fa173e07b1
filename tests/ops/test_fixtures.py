"""The fixtures that all other tests stand on."""

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.servers import Databases


async def test_a_blank_database_belongs_to_its_test(blank_engine: AsyncEngine) -> None:
    async with blank_engine.begin() as connection:
        await connection.execute(text("create table left_behind (id int)"))


async def test_what_one_test_created_the_next_does_not_see(blank_engine: AsyncEngine) -> None:
    async with blank_engine.connect() as connection:
        found = await connection.scalar(text("select to_regclass('left_behind')"))
    assert found is None


async def test_a_test_may_have_several_databases(databases: Databases) -> None:
    first, second = await databases.make(), await databases.make()
    assert first.url != second.url
    await databases.drop(first)
    await databases.drop(second)


async def test_redis_is_empty_at_the_start_of_a_test(redis: Redis) -> None:
    assert await redis.dbsize() == 0
    await redis.set("left-behind", "1")


async def test_redis_is_empty_again_in_the_next(redis: Redis) -> None:
    assert await redis.dbsize() == 0
