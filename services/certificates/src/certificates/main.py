"""How the processes of the service are wired and started."""

from certificates.api import create_app
from certificates.consumers import consumer_group
from certificates.settings import CertificatesApiSettings, CertificatesConsumerSettings
from mitra_shared.consume import declaring_broker
from mitra_shared.consume.running import run_consumer
from mitra_shared.contracts.topics import CERTIFICATES
from mitra_shared.database import create_engine
from mitra_shared.http.probes import Readiness, database_check
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.relay.running import run_relay
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics


async def run_api(settings: CertificatesApiSettings, shutdown: ShutdownSignal) -> None:
    """Answer until `shutdown`."""
    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(), application="certificates api", pool_size=5
    )
    readiness.add("database", database_check(engine))
    app = create_app(engine, settings, readiness, metrics)
    api = serve(app, host=settings.host, port=settings.port, shutdown=shutdown, port_file=settings.port_file)
    try:
        await run_parts(shutdown, {"http": api})
    finally:
        await engine.dispose()


async def run_certificates_consumer(settings: CertificatesConsumerSettings, shutdown: ShutdownSignal) -> None:
    """Decide certificates from the enrolment log until `shutdown`."""
    engine = create_engine(
        settings.database_url.get_secret_value(), application="certificates consumer", pool_size=5
    )
    try:
        await run_consumer(
            shutdown,
            group=consumer_group(declaring_broker(), settings.ids()),
            engine=engine,
            settings=settings,
        )
    finally:
        await engine.dispose()


async def run_certificates_relay(settings: ServiceSettings, shutdown: ShutdownSignal) -> None:
    """Carry the certificates log to Redis until `shutdown`."""
    engine = create_engine(
        settings.database_url.get_secret_value(), application="certificates relay", pool_size=5
    )
    try:
        await run_relay(shutdown, engine=engine, settings=settings, topics=(CERTIFICATES,))
    finally:
        await engine.dispose()
