"""How far the rollups are behind: the ends of the streams, looked at every second, against the positions.

It counts what stands in the streams. What a relay has not carried yet is not in it, and shows in the relay's
readiness and metrics. What cannot be known is None with a reason, never 0: a Redis that is away says nothing
about how much waits.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog import get_logger

from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, Topic, all_partitions
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.process import ShutdownSignal
from reporting.mirror import Positions
from reporting.storage.changes import Reached

log = get_logger(__name__)

SOURCES: Final = (ENROLMENT, OPINIONS, CERTIFICATES, CUSTODY)
LOOK_SECONDS: Final = 1.0
STALE_SECONDS: Final = 5.0
"""A look that is older than this says nothing about now."""
REMEMBERED_ENDS: Final = 600

AWAY: Final = "Redis cannot be reached"
NOT_LOOKED: Final = "the streams have not been looked at yet"
STALE: Final = "the last look at the streams is too old"
GONE: Final = "a stream is gone and not yet rebuilt by its relay"
FORKED: Final = "a log continues on a new epoch that is not read yet"

_BEFORE_ALL: Final = Reached(Epoch(0), Position(0))
_Source = tuple[str, Partition]


class Lag(NamedTuple):
    """Events in the streams not yet counted, and for how long (seconds) the oldest has been seen waiting."""

    events: int | None
    seconds: float | None
    reason: str | None = None


class LagWatch:
    """Remembers the ends of all streams of the reporting group's topics.

    Attributes:
        looks: how often the streams were looked at, in vain or not.
    """

    def __init__(self, redis: Redis, topics: Sequence[Topic] = SOURCES) -> None:
        self.looks = 0
        self._redis = redis
        self._sources = [(topic, partition) for topic in topics for partition in all_partitions()]
        self._ends: dict[_Source, Reached | None] = {}
        self._seen: dict[_Source, deque[tuple[Reached, float]]] = defaultdict(deque)
        self._missed: dict[_Source, float] = {}
        self._looked: float | None = None
        self._trouble: str | None = NOT_LOOKED

    async def look(self) -> None:
        """Read the end of every stream, in one round trip."""
        now = asyncio.get_running_loop().time()
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for topic, partition in self._sources:
                    pipe.xrevrange(topic.stream(partition), count=1)
                tails = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            if self._trouble != AWAY:
                log.warning("lag is not known", reason=AWAY, error=type(error).__name__)
            self._trouble = AWAY
            return
        finally:
            self.looks += 1
        self._looked, self._trouble = now, None
        for (topic, partition), tail in zip(self._sources, tails, strict=True):
            source = (topic.name, partition)
            end = _reached(tail[0][0]) if tail else None
            self._ends[source] = end
            if end is not None:
                self._missed[source] = 0.0
            seen = self._seen[source]
            if end is not None and len(seen) < REMEMBERED_ENDS and (not seen or seen[-1][0] < end):
                seen.append((end, now))

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Look every second until shutdown."""
        while not shutdown.requested:
            await self.look()
            await shutdown.sleep(LOOK_SECONDS)

    def behind(self, positions: Positions) -> Mapping[str, Lag]:
        """The lag of each topic."""
        by_topic: dict[str, list[Lag]] = {}
        for topic, partition in self._sources:
            by_topic.setdefault(topic.name, []).append(self._of((topic.name, partition), positions))
        return {topic: together(lags) for topic, lags in by_topic.items()}

    def _of(self, source: _Source, positions: Positions) -> Lag:
        now = asyncio.get_running_loop().time()
        if self._trouble is not None:
            return Lag(None, None, self._trouble)
        if self._looked is None or now - self._looked > STALE_SECONDS:
            return Lag(None, None, STALE)
        at, end = positions.get(source, _BEFORE_ALL), self._ends.get(source)
        seen = self._seen[source]
        while seen and seen[0][0] <= at:
            seen.popleft()
        if end is None:
            return Lag(0, 0.0) if at.position == 0 else Lag(None, None, self._why_missing(source))
        if end.epoch != at.epoch and at.position > 0:
            return Lag(None, None, FORKED)
        waiting = max(0, end.position - at.position)
        return Lag(waiting, round(now - seen[0][1], 3) if waiting and seen else 0.0)

    def _why_missing(self, source: _Source) -> str:
        """A stream that was never seen may have begun since the last look; only the next one can tell."""
        looked = self._looked or 0.0
        return NOT_LOOKED if self._missed.setdefault(source, looked) == looked else GONE


def together(lags: Sequence[Lag]) -> Lag:
    """Lags of several sources as one: events added up, the longest wait, and the first reason not to know."""
    for lag in lags:
        if lag.events is None:
            return lag
    return Lag(sum(lag.events or 0 for lag in lags), max((lag.seconds or 0.0 for lag in lags), default=0.0))


def _reached(stream_id: bytes) -> Reached:
    epoch, _, position = stream_id.partition(b"-")
    return Reached(Epoch(int(epoch)), Position(int(position)))
