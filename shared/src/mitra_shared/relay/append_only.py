"""Redis' append-only file keeps what was written until it is rewritten, which is asked for after erasures."""

import asyncio
from typing import Any, Final

from redis.asyncio import Redis

WITHIN_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.1


async def rewrite_append_only_file(redis: Redis, *, within: float = WITHIN_SECONDS) -> None:
    """Have the file written anew from what Redis holds now, and wait for it; without a file there is nothing.

    Raises:
        TimeoutError: it is not done after `within` seconds, or fails each time; asking again is safe.
        redis.exceptions.RedisError, OSError: Redis is away, or the account may not ask for it.
    """
    async with asyncio.timeout(within):
        if not (await redis.info("persistence"))["aof_enabled"]:
            return
        # One that is under way may have begun before the erasure.
        before = await _idle(redis)
        while True:
            await redis.bgrewriteaof()
            after = await _idle(redis)
            if after["aof_rewrites"] > before["aof_rewrites"] and after["aof_last_bgrewrite_status"] == "ok":
                return
            before = after
            await asyncio.sleep(1)


async def _idle(redis: Redis) -> dict[str, Any]:
    while True:
        info: dict[str, Any] = await redis.info("persistence")
        if not info["aof_rewrite_in_progress"] and not info["aof_rewrite_scheduled"]:
            return info
        await asyncio.sleep(_LOOK_SECONDS)
