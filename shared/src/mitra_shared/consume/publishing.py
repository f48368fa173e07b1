"""Showing committed positions in Redis, for trimming, `XINFO GROUPS` and autoscalers; never read back."""

from collections.abc import Mapping
from time import time

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.consume.positions import Source, Standing
from mitra_shared.relay.trim import groups_key


class Publisher:
    """Publishes what a group has committed, always after the commit."""

    def __init__(self, redis: Redis, group: ConsumerGroup) -> None:
        self._redis = redis
        self._group = group

    async def publish(self, standings: Mapping[Source, Standing]) -> None:
        """Set the group's last-delivered id of each stream, and announce that the group lives.

        A stream that is not there yet is left alone: the relay makes it.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            for topic in self._group.topics:
                pipe.hset(groups_key(topic), self._group.name, str(int(time())))
            sources = list(standings)
            for source in sources:
                pipe.xgroup_setid(source.stream, self._group.name, standings[source].stream_id)
            answers = await pipe.execute(raise_on_error=False)
        missing = []
        for source, answer in zip(sources, answers[len(self._group.topics) :], strict=True):
            if isinstance(answer, ResponseError):
                if "NOGROUP" in str(answer):
                    missing.append(source)
            elif isinstance(answer, Exception):
                raise answer
        async with self._redis.pipeline(transaction=False) as pipe:
            for source in missing:
                pipe.xgroup_create(source.stream, self._group.name, standings[source].stream_id)
            for answer in await pipe.execute(raise_on_error=False):
                if isinstance(answer, Exception) and not isinstance(answer, ResponseError):
                    raise answer
