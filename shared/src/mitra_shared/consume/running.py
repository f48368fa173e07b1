"""The consumer process of a service: the loop, probes in front, and metrics beside it."""

from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.consume.consumer import Consumer
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.consume.replay import LogClient
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, STAFF
from mitra_shared.http.probes import Check, Readiness, create_probe_app, database_check
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.relay.wire import StreamId
from mitra_shared.settings import ConsumerSettings
from mitra_shared.streams import connect, last_entries
from mitra_shared.telemetry.metrics import ProcessMetrics

log = get_logger(__name__)

WATCH_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 10.0


class LogAddresses(Protocol):
    """Settings that say where logs are served."""

    @property
    def enrolment_url(self) -> str | None:
        """Base URL of the enrolment api."""
        ...

    @property
    def certificates_url(self) -> str | None:
        """Base URL of the certificates api."""
        ...


def log_urls(settings: LogAddresses) -> dict[str, str]:
    """Where the log of each topic is served, as far as the settings say."""
    urls = {
        ENROLMENT.name: settings.enrolment_url,
        OPINIONS.name: settings.enrolment_url,
        STAFF.name: settings.enrolment_url,
        CERTIFICATES.name: settings.certificates_url,
        CUSTODY.name: settings.certificates_url,
    }
    return {topic: url for topic, url in urls.items() if url is not None}


def _consuming_check(consumer: Consumer) -> Check:
    async def check() -> str | None:
        if consumer.trouble is not None:
            return consumer.trouble
        if consumer.last_poll is None:
            return None if consumer.is_standby else "no poll yet"
        silent = monotonic() - consumer.last_poll
        return f"no poll for {silent:.0f} s" if silent > SILENT_SECONDS and not consumer.is_standby else None

    return check


async def _observe(
    consumer: Consumer, group: str, metrics: ProcessMetrics, redis: Redis, engine: AsyncEngine
) -> None:
    standings = dict(consumer.standings)
    metrics.consumers.leases.labels(group).set(len(consumer.leases.owned))
    tails = await last_entries(redis, [source.stream for source in standings]) if standings else []
    now = datetime.now(UTC)
    for (source, standing), tail in zip(standings.items(), tails, strict=True):
        place = (group, source.topic.name, str(source.partition))
        end = StreamId.parse(tail[0]).position if tail else standing.position
        behind = max(0, end - standing.position)
        since = (now - standing.occurred_at).total_seconds() if behind and standing.occurred_at else 0.0
        metrics.consumers.position.labels(*place).set(standing.position)
        metrics.consumers.lag_events.labels(*place).set(behind)
        metrics.consumers.lag_seconds.labels(*place).set(since)
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                'select state, count(*) as letters from dead_letter where "group" = :group'
                " and state in ('poison', 'parked', 'redrive') group by state"
            ),
            {"group": group},
        )
        letters = {row.state: row.letters for row in rows}
    for state in ("poison", "parked", "redrive"):
        metrics.consumers.dead_letters.labels(group, state).set(letters.get(state, 0))


async def _keep_observing(
    shutdown: ShutdownSignal,
    consumer: Consumer,
    group: str,
    metrics: ProcessMetrics,
    redis: Redis,
    engine: AsyncEngine,
) -> None:
    while not await shutdown.sleep(WATCH_SECONDS):
        try:
            await _observe(consumer, group, metrics, redis, engine)
        except (RedisError, SQLAlchemyError, OSError) as error:
            log.info("metrics are not fresh", reason=type(error).__name__)


async def run_consumer(
    shutdown: ShutdownSignal,
    *,
    group: ConsumerGroup,
    engine: AsyncEngine,
    settings: ConsumerSettings,
    metrics: ProcessMetrics | None = None,
    readiness: Readiness | None = None,
    parts: Mapping[str, Coroutine[Any, Any, None]] | None = None,
    beside: Sequence[ConsumerGroup] = (),
) -> None:
    """Consume until shutdown.

    Args:
        shutdown: ends it.
        group: handlers, topics, and how to forget.
        engine: of the service's own database; needs at least four connections a group.
        settings: Redis, the producers' logs, and where to serve the probes.
        metrics: of this process, if other parts count too.
        readiness: of this process, if other parts have checks too.
        parts: other work of the same process, by name.
        beside: further groups, each by itself: what holds up one holds up none of the others.
    """
    logs = LogClient(log_urls(settings), settings.service_token.get_secret_value())
    metrics, readiness = metrics or ProcessMetrics(), readiness or Readiness()
    readiness.add("database", database_check(engine))
    work: dict[str, Coroutine[Any, Any, None]] = dict(parts or {})
    clients: list[Redis] = []
    for each in (group, *beside):
        # Its own: a consumer that starts again drops the connections on which it reads.
        clients.append(redis := connect(settings.redis_url.get_secret_value()))
        consumer = Consumer(engine, redis, each, logs)
        readiness.add(f"consumer of {each.name}", _consuming_check(consumer))
        work[f"consumer of {each.name}"] = consumer.run(shutdown)
        work[f"metrics of {each.name}"] = _keep_observing(
            shutdown, consumer, each.name, metrics, redis, engine
        )
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
        await logs.close()
        for client in clients:
            await client.aclose()
