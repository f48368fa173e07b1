"""How the processes of the service are wired and started. Each imports what others have not to wait for."""

import asyncio
from pathlib import Path
from tempfile import mkdtemp

from structlog import get_logger

from certificates.issuer import Issuer
from certificates.settings import (
    CertificatesApiSettings,
    CertificatesConsumerSettings,
    IssuerSettings,
    SignerSettings,
)
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY
from mitra_shared.credential.key_file import KeyFile
from mitra_shared.database import create_engine
from mitra_shared.http.probes import Readiness, database_check
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics

log = get_logger(__name__)


async def run_api(settings: CertificatesApiSettings, shutdown: ShutdownSignal) -> None:
    """Answer until `shutdown`."""
    from certificates.api.app import create_app
    from certificates.press.press import Press
    from certificates.press.store import SheetStore
    from certificates.rendering.cache import RenderingCache
    from certificates.rendering.pool import RenderPool
    from certificates.rendering.template_check import check_templates
    from certificates.rendering.typesetter import TEMPLATES
    from certificates.renderings import Renderings
    from mitra_shared.access_record.forgetting import forget_old_looks
    from mitra_shared.following import follow
    from mitra_shared.staff_standing.reading import StandingTable
    from mitra_shared.staff_standing.revocations import Revocations

    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(), application="certificates api", pool_size=10
    )
    readiness.add("database", database_check(engine))
    templates = settings.template_dir or TEMPLATES
    for remark in (await asyncio.to_thread(check_templates, templates)).remarks:
        log.warning("certificates can be set, but", remark=remark)
    pool = RenderPool(workers=settings.render_workers, templates=templates)
    work = settings.work_dir or Path(mkdtemp(prefix="mitra-certificates-"))
    renderings = Renderings(pool, RenderingCache(work, largest_bytes=settings.cache_bytes))
    issuer = issuer_of(settings)
    store = SheetStore(settings.sheets_dir or work / "sheets", settings.names())
    # A process of its own, so that nobody who wants one certificate waits for a sheet.
    sheets = RenderPool(workers=1, threads=settings.render_workers, templates=templates)
    press = Press(engine, issuer, sheets, store, most_bytes=settings.sheet_bytes)
    revocations = Revocations(StandingTable())
    readiness.add("staff", revocations.check)
    app = create_app(
        engine, settings, issuer, renderings, store, readiness, metrics, revoked=revocations.revoked
    )
    api = serve(app, host=settings.host, port=settings.port, shutdown=shutdown, port_file=settings.port_file)
    parts = {
        "http": api,
        "revocations": renderings.forget_revoked(engine, shutdown),
        "staff": follow("staff", revocations.refresh, engine, shutdown),
        "press": press.run(shutdown),
        "old looks": forget_old_looks(engine, shutdown),
    }
    try:
        await run_parts(shutdown, parts)
    finally:
        await asyncio.gather(pool.close(), sheets.close())
        await engine.dispose()


async def run_certificates_consumer(settings: CertificatesConsumerSettings, shutdown: ShutdownSignal) -> None:
    """Decide certificates from the enrolment log, and learn whose tokens count, until `shutdown`."""
    from certificates.consumers import consumer_group
    from mitra_shared.consume.feeding import declaring_broker
    from mitra_shared.consume.running import run_consumer
    from mitra_shared.staff_standing.consuming import standing_group

    engine = create_engine(
        settings.database_url.get_secret_value(),
        application="certificates consumer",
        pool_size=9,
        in_batches=True,
    )
    try:
        await run_consumer(
            shutdown,
            group=consumer_group(declaring_broker(), settings.ids()),
            engine=engine,
            settings=settings,
            beside=[standing_group(declaring_broker(), "certificates", with_names=False)],
        )
    finally:
        await engine.dispose()


async def run_certificates_signer(settings: SignerSettings, shutdown: ShutdownSignal) -> None:
    """Sign what was issued and publish status lists until `shutdown`."""
    from certificates.signing import StatusListPublisher, signing_group
    from mitra_shared.consume.feeding import declaring_broker
    from mitra_shared.consume.running import run_consumer

    engine = create_engine(
        settings.database_url.get_secret_value(),
        application="certificates signer",
        pool_size=6,
        in_batches=True,
    )
    issuer, readiness = issuer_of(settings), Readiness()
    lists = StatusListPublisher(engine, issuer)
    readiness.add("status lists", lists.check)
    try:
        await run_consumer(
            shutdown,
            group=signing_group(declaring_broker(), issuer),
            engine=engine,
            settings=settings,
            readiness=readiness,
            parts={"status lists": lists.run(shutdown)},
        )
    finally:
        await engine.dispose()


def issuer_of(settings: IssuerSettings) -> Issuer:
    """The issuer that the settings describe.

    Raises:
        BadIssuerKeys, UnsafeSecretFile, OSError: the file of the keys cannot be used.
        BadSigner: there is no such signer.
    """
    return Issuer(
        settings.public_url,
        keys=KeyFile(settings.keys_file),
        names=settings.names(),
        ids=settings.ids(),
        elsewhere=settings.issuer_signer,
    )


async def run_certificates_relay(settings: ServiceSettings, shutdown: ShutdownSignal) -> None:
    """Carry the logs of certificates and of custody to Redis until `shutdown`."""
    from mitra_shared.relay.running import run_relay

    engine = create_engine(
        settings.database_url.get_secret_value(), application="certificates relay", pool_size=5
    )
    try:
        await run_relay(shutdown, engine=engine, settings=settings, topics=(CERTIFICATES, CUSTODY))
    finally:
        await engine.dispose()
