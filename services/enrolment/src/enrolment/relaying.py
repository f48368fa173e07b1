"""The relay process: one relay and one trimming loop for each log, the upkeep, and what they show to ops."""

from collections.abc import Coroutine, Sequence
from time import monotonic
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.contracts.topics import Topic
from mitra_shared.database import is_infrastructure
from mitra_shared.http.probes import Check, Readiness
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.relay import Relay
from mitra_shared.relay.trim import memory_policy, trim
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.telemetry.metrics import LogMetrics

log = get_logger(__name__)

TRIM_SECONDS: Final = 30.0
METRICS_SECONDS: Final = 2.0
STALE_SECONDS: Final = 10.0
"""Seconds without a successful pass after which a relay is not ready."""


class Relaying:
    """The relays of one process."""

    def __init__(
        self, engine: AsyncEngine, redis: Redis, topics: Sequence[Topic], metrics: LogMetrics
    ) -> None:
        self._engine = engine
        self._redis = redis
        self._metrics = metrics
        self._relays = [Relay(engine, redis, topic) for topic in topics]

    def parts(self, shutdown: ShutdownSignal) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs as long as the process."""
        return {
            **{f"relay {relay.topic.name}": relay.run(shutdown) for relay in self._relays},
            "trimming": self._trim(shutdown),
            "log metrics": self._measure(shutdown),
        }

    def register(self, readiness: Readiness) -> None:
        """Add a readiness check for each relay, and one for the policy of Redis."""
        for relay in self._relays:
            readiness.add(f"relay {relay.topic.name}", _check_of(relay))
        readiness.add("redis", self._check_policy)

    async def _check_policy(self) -> str | None:
        policy = await memory_policy(self._redis)
        if policy.eviction != "noeviction":
            return f"Redis may evict streams: maxmemory-policy is {policy.eviction}, it must be noeviction"
        return None

    async def _trim(self, shutdown: ShutdownSignal) -> None:
        while not await shutdown.sleep(TRIM_SECONDS):
            for relay in self._relays:
                try:
                    await trim(self._engine, self._redis, relay.topic)
                except Exception as error:
                    if not (isinstance(error, RedisError) or is_infrastructure(error)):
                        raise
                    log.warning("trimming waits", topic=relay.topic.name, error=describe_error(error))

    async def _measure(self, shutdown: ShutdownSignal) -> None:
        while not await shutdown.sleep(METRICS_SECONDS):
            for relay in self._relays:
                topic = relay.topic.name
                for partition, head in relay.heads.items():
                    self._metrics.head.labels(topic, partition).set(head.position)
                    self._metrics.floor.labels(topic, partition).set(head.floor)
                    self._metrics.epoch.labels(topic, partition).set(head.epoch)
                for partition, position in relay.carried.items():
                    self._metrics.stream_end.labels(topic, partition).set(position)


def _check_of(relay: Relay) -> Check:
    async def check() -> str | None:
        if relay.trouble is not None:
            return f"waits: {relay.trouble}"
        return _too_old(relay)

    return check


def _too_old(relay: Relay) -> str | None:
    if relay.last_pass is None:
        return "no pass over the log yet"
    age = monotonic() - relay.last_pass
    return f"no pass over the log for {age:.1f} s" if age > STALE_SECONDS else None
