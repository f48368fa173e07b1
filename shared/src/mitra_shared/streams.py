"""Redis streams as this project uses them: bytes in, bytes out, typed. The one place that knows redis-py.

Every function raises `redis.exceptions.RedisError` or `OSError` where Redis is away: callers back off.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

Fields = Mapping[bytes, bytes]
RawEntry = tuple[bytes, Fields]

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 10.0


class StreamEnds(NamedTuple):
    """What `XINFO STREAM` says in one look."""

    length: int
    first: RawEntry | None
    last: RawEntry | None


def connect(url: str, *, connections: int = 8) -> Redis:
    """A client with bounded connections and waits and no retries of its own: retrying is the caller's.

    Args:
        url: `redis://user:password@host:port/0`.
        connections: at most so many; a command beyond that waits.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=CONNECT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


async def last_entry(redis: Redis, stream: str) -> RawEntry | None:
    """The newest entry of a stream, None if there is none."""
    found = cast("list[RawEntry]", await redis.xrevrange(stream, count=1))
    return found[0] if found else None


async def last_entries(redis: Redis, streams: Sequence[str]) -> list[RawEntry | None]:
    """The newest entry of each stream, in one round trip."""
    async with redis.pipeline(transaction=False) as pipe:
        for stream in streams:
            pipe.xrevrange(stream, count=1)
        answers = cast("list[list[RawEntry]]", await pipe.execute())
    return [found[0] if found else None for found in answers]


async def entry_with_id(redis: Redis, stream: str, entry_id: str) -> RawEntry | None:
    """The entry with exactly that id."""
    found = cast("list[RawEntry]", await redis.xrange(stream, min=entry_id, max=entry_id, count=1))
    return found[0] if found else None


async def ends_of(redis: Redis, stream: str) -> StreamEnds | None:
    """Length and ends of a stream, None if there is no such key.

    Raises:
        ResponseError: the key holds something else than a stream.
    """
    try:
        info: Any = await redis.xinfo_stream(stream)
    except ResponseError as error:
        if "no such key" in str(error):
            return None
        raise
    return StreamEnds(info["length"], info["first-entry"], info["last-entry"])


async def read_after(
    redis: Redis, after: Mapping[str, str], *, count: int, block_ms: int | None
) -> list[tuple[bytes, list[RawEntry]]]:
    """One XREAD: up to `count` entries a stream after the id; empty after `block_ms`, None: at once."""
    streams: dict[Any, Any] = dict(after)
    answer: Any = await redis.xread(streams, count=count, block=block_ms)
    if isinstance(answer, dict):
        return [(stream, chunks[0]) for stream, chunks in answer.items()]
    return cast("list[tuple[bytes, list[RawEntry]]]", answer or [])


async def committed_groups(redis: Redis, stream: str) -> dict[str, bytes]:
    """Last-delivered id of each group of a stream; empty if there is no such stream."""
    try:
        groups: Any = await redis.xinfo_groups(stream)
    except ResponseError:
        return {}
    return {group["name"].decode(): group["last-delivered-id"] for group in groups}


async def hash_of(redis: Redis, key: str) -> dict[str, str]:
    """All of a hash, as text."""
    found = cast("dict[bytes, bytes]", await redis.hgetall(key))
    return {name.decode(): value.decode() for name, value in found.items()}


async def values_of(redis: Redis, keys: Sequence[str]) -> list[str | None]:
    """The texts under these keys, in one round trip; None where there is none."""
    found = cast("list[bytes | None]", await redis.mget(list(keys)))
    return [None if value is None else value.decode() for value in found]
