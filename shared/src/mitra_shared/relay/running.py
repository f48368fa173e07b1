"""The relay process of a service: a loop per topic, trimming beside it, probes in front."""

from collections.abc import Coroutine, Mapping
from time import monotonic
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.contracts.topics import Topic
from mitra_shared.http.probes import Check, Readiness, create_probe_app, database_check
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.relay.relay import Relay
from mitra_shared.relay.trim import memory_policy, trim
from mitra_shared.settings import ServiceSettings
from mitra_shared.streams import connect
from mitra_shared.telemetry.metrics import ProcessMetrics

log = get_logger(__name__)

TRIM_SECONDS: Final = 10.0
WATCH_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 10.0


def _pass_check(relay: Relay) -> Check:
    async def check() -> str | None:
        if relay.trouble is not None:
            return relay.trouble
        if relay.last_pass is None:
            return "no pass yet"
        silent = monotonic() - relay.last_pass
        return f"no pass for {silent:.0f} s" if silent > SILENT_SECONDS else None

    return check


def _eviction_check(redis: Redis) -> Check:
    async def check() -> str | None:
        policy = (await memory_policy(redis)).eviction
        if policy != "noeviction":
            return f"Redis evicts keys ({policy}): set maxmemory-policy noeviction, or streams lose entries"
        return None

    return check


async def _keep_trimming(shutdown: ShutdownSignal, engine: AsyncEngine, redis: Redis, topic: Topic) -> None:
    while not await shutdown.sleep(TRIM_SECONDS):
        try:
            await trim(engine, redis, topic)
        except (RedisError, SQLAlchemyError, OSError) as error:
            log.warning("not trimmed", topic=topic.name, reason=type(error).__name__)


async def _keep_watching(shutdown: ShutdownSignal, metrics: ProcessMetrics, relay: Relay) -> None:
    while not await shutdown.sleep(WATCH_SECONDS):
        for partition, head in relay.heads.items():
            place = (relay.topic.name, str(partition))
            metrics.log.head.labels(*place).set(head.position)
            metrics.log.floor.labels(*place).set(head.floor)
            metrics.log.epoch.labels(*place).set(head.epoch)
            metrics.log.stream_end.labels(*place).set(relay.carried.get(partition, 0))


async def run_relay(
    shutdown: ShutdownSignal,
    *,
    engine: AsyncEngine,
    settings: ServiceSettings,
    topics: tuple[Topic, ...],
    readiness: Readiness | None = None,
    metrics: ProcessMetrics | None = None,
    parts: Mapping[str, Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Relay `topics` of the database behind `engine` until shutdown.

    Args:
        shutdown: ends it.
        engine: needs at least three connections a topic.
        settings: Redis, and where to serve the probes.
        topics: logs of this service.
        readiness: of this process, if other parts have checks too.
        metrics: of this process, if other parts measure too.
        parts: other work of the same process, by name.
    """
    redis = connect(settings.redis_url.get_secret_value(), connections=4 * len(topics) + 2)
    metrics, readiness = metrics or ProcessMetrics(), readiness or Readiness()
    readiness.add("database", database_check(engine))
    readiness.add("redis", _eviction_check(redis))
    work: dict[str, Coroutine[Any, Any, None]] = dict(parts or {})
    for topic in topics:
        relay = Relay(engine, redis, topic)
        readiness.add(f"relay {topic.name}", _pass_check(relay))
        work[f"relay of {topic.name}"] = relay.run(shutdown)
        work[f"trimming of {topic.name}"] = _keep_trimming(shutdown, engine, redis, topic)
        work[f"metrics of {topic.name}"] = _keep_watching(shutdown, metrics, relay)
    work["probes"] = serve(
        create_probe_app(readiness, metrics),
        host=settings.host,
        port=settings.port,
        shutdown=shutdown,
        port_file=settings.port_file,
    )
    try:
        await run_parts(shutdown, work)
    finally:
        await redis.aclose()
