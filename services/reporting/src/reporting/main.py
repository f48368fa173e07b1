"""How the processes of the service are wired and started. Each imports what others have not to wait for."""

import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from mitra_shared.database import create_engine
from mitra_shared.http.probes import Check, Readiness, create_probe_app, database_check
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.security.sealing import KeyRing
from mitra_shared.streams import connect
from mitra_shared.telemetry.metrics import ProcessMetrics
from reporting.clock import system_clock
from reporting.feed import LiveFeed
from reporting.lag import LagWatch
from reporting.metrics import FeedMetrics
from reporting.mirror import Mirror
from reporting.pacing import Pacing
from reporting.publisher import Publisher
from reporting.releaser import Releaser
from reporting.settings import ApiSettings, ReportingConsumerSettings, WebhookRules, WebhooksSettings


async def run_api(settings: ApiSettings, shutdown: ShutdownSignal) -> None:
    """Answer, and feed subscribers, until `shutdown`."""
    from mitra_shared.following import follow
    from mitra_shared.staff_standing.reading import StandingTable
    from mitra_shared.staff_standing.revocations import Revocations
    from reporting.api.state import Reading, WebhookDesk
    from reporting.app import create_app
    from reporting.briefs.press import BriefPress
    from reporting.exports.desk import ExportDesk
    from reporting.webhooks.resolving import Doorway

    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(settings.database_url.get_secret_value(), application="reporting api", pool_size=5)
    redis = connect(settings.redis_url.get_secret_value(), connections=2)
    mirror = Mirror(engine)
    lag = LagWatch(redis)
    feed = LiveFeed(mirror, lag, most_subscribers=settings.most_subscribers)
    FeedMetrics(metrics.registry, feed, mirror)
    pacing = Pacing(engine, mirror, system_clock)
    work = settings.work_dir or Path(mkdtemp(prefix="mitra-reporting-"))
    exports, briefs = ExportDesk(work, most=settings.most_exports), BriefPress()
    reading = Reading(
        engine,
        mirror,
        lag,
        feed,
        pacing,
        WebhookDesk(_ring(settings), Doorway(settings.webhook_allow)),
        exports,
        briefs,
        KeyRing.from_json(settings.staff_keys.get_secret_value()),
        secure_cookies=settings.secure_cookies,
        public_page=settings.public_page,
    )
    readiness.add("database", database_check(engine))
    revocations = Revocations(StandingTable(), feed.ask_again)
    readiness.add("mirror", _no_trouble_of(mirror))
    readiness.add("staff", revocations.check)
    try:
        await run_parts(
            shutdown,
            {
                "http": serve(
                    create_app(reading, settings, readiness, metrics, revoked=revocations.revoked),
                    host=settings.host,
                    port=settings.port,
                    shutdown=shutdown,
                    port_file=settings.port_file,
                ),
                "mirror": mirror.follow(shutdown),
                "lag": lag.follow(shutdown),
                "staff": follow("staff", revocations.refresh, engine, shutdown),
                "forecasts": pacing.follow(shutdown),
                "end of feeds": _end_feeds(mirror, shutdown),
            },
        )
    finally:
        await briefs.close()
        await redis.aclose()
        await engine.dispose()
        if settings.work_dir is None:
            shutil.rmtree(work, ignore_errors=True)


async def _end_feeds(mirror: Mirror, shutdown: ShutdownSignal) -> None:
    """Let go of subscribers at once, since the server waits for open answers."""
    await shutdown.wait()
    mirror.close()


async def run_reporting_consumer(settings: ReportingConsumerSettings, shutdown: ShutdownSignal) -> None:
    """Count what the logs tell, publish `rollups`, and learn whose tokens count, until `shutdown`."""
    from mitra_shared.consume.feeding import declaring_broker
    from mitra_shared.consume.running import run_consumer
    from mitra_shared.staff_standing.consuming import standing_group
    from reporting.consumers import consumer_group

    readiness = Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(),
        application="reporting consumer",
        pool_size=10,
        in_batches=True,
    )
    redis = connect(settings.redis_url.get_secret_value(), connections=2)
    publisher = Publisher(engine, redis)
    releaser = Releaser(
        engine, publisher.definitions, every=timedelta(seconds=settings.opinion_release_seconds)
    )
    readiness.add("publisher", _no_trouble_of(publisher))
    readiness.add("releaser", _no_trouble_of(releaser))
    try:
        await run_consumer(
            shutdown,
            group=consumer_group(declaring_broker()),
            engine=engine,
            settings=settings,
            beside=[standing_group(declaring_broker(), "reporting", with_names=True)],
            readiness=readiness,
            parts={"publisher": publisher.follow(shutdown), "releaser": releaser.follow(shutdown)},
        )
    finally:
        await redis.aclose()
        await engine.dispose()


async def run_webhooks(settings: WebhooksSettings, shutdown: ShutdownSignal) -> None:
    """Tell receivers outside what changed, until `shutdown`."""
    from reporting.webhooks.delivery import Delivery
    from reporting.webhooks.metrics import WebhookMetrics
    from reporting.webhooks.resolving import Doorway
    from reporting.webhooks.sender import Sender

    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(), application="reporting webhooks", pool_size=6
    )
    sender = Sender(
        engine,
        _ring(settings),
        Delivery(Doorway(settings.webhook_allow)).post,
        WebhookMetrics(metrics.registry),
        system_clock,
    )
    readiness.add("database", database_check(engine))
    readiness.add("sender", _no_trouble_of(sender))
    try:
        await run_parts(
            shutdown,
            {
                "probes": serve(
                    create_probe_app(readiness, metrics),
                    host=settings.host,
                    port=settings.port,
                    shutdown=shutdown,
                    port_file=settings.port_file,
                ),
                "sender": sender.follow(shutdown),
            },
        )
    finally:
        await engine.dispose()


def _ring(settings: WebhookRules) -> KeyRing:
    return KeyRing.from_json(settings.webhook_keys.get_secret_value())


class Watched(Protocol):
    """A part that says why its last turn failed; None while all is well."""

    trouble: str | None


def _no_trouble_of(part: Watched) -> Check:
    async def check() -> str | None:
        return part.trouble

    return check
