"""How the processes of the service are wired and started. Each imports what others have not to wait for."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import system_clock
from enrolment.commands.enrol_mitra import EnrolMitra, Verdict, draft
from enrolment.domain.rules import Rules
from enrolment.intake.committer import Committer
from enrolment.intake.desk import IntakeDesk
from enrolment.intake.transaction import GroupTransaction
from enrolment.service import Service
from enrolment.settings import ApiSettings, RelaySettings
from enrolment.upkeep import Upkeep
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS
from mitra_shared.database import create_engine, is_infrastructure
from mitra_shared.http.probes import Readiness, database_check
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.telemetry.metrics import ProcessMetrics

log = get_logger(__name__)

CAMPAIGN_POLL_SECONDS: Final = 0.5


async def run_api(settings: ApiSettings, shutdown: ShutdownSignal) -> None:
    """Serve the API until `shutdown`; what was asked before is answered."""
    from enrolment.api.app import create_app

    metrics = ProcessMetrics()
    engine = create_engine(settings.database_url.get_secret_value(), application="enrolment api", pool_size=8)
    seals = settings.seals()
    campaigns = LoadedCampaigns()

    def judge(command: EnrolMitra, rules: Rules) -> Verdict:
        return draft(command, rules, seals)

    commit = GroupTransaction(engine, campaigns, judge, system_clock, ration=settings.duplicate_answers_a_day)
    committer = Committer(commit, metrics.commits)
    service = Service(
        engine,
        campaigns,
        IntakeDesk(campaigns, seals, committer),
        system_clock,
        seals,
        settings.looks_a_day,
        settings.receipts(),
    )
    readiness = Readiness()
    readiness.add("database", database_check(engine))
    readiness.add("campaigns", campaigns.check)
    readiness.add("intake", committer.check)
    app = create_app(service, settings, readiness, metrics)
    served = ShutdownSignal()

    async def serve_api() -> None:
        try:
            await serve(
                app, host=settings.host, port=settings.port, shutdown=shutdown, port_file=settings.port_file
            )
        finally:
            # Requests that were open still wait for their group.
            served.request("the server has stopped")

    try:
        await run_parts(
            shutdown,
            {
                "http": serve_api(),
                "intake": committer.run(served),
                "campaigns": follow_campaigns(campaigns, engine, shutdown),
            },
        )
    finally:
        await engine.dispose()


async def follow_campaigns(campaigns: LoadedCampaigns, engine: AsyncEngine, shutdown: ShutdownSignal) -> None:
    """Keep `campaigns` as the database has them, until `shutdown`."""
    away = False
    while not shutdown.requested:
        try:
            async with engine.connect() as connection:
                await campaigns.refresh(connection)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            if not away:
                log.warning("campaigns cannot be read", error=describe_error(error))
            away = True
        else:
            away = False
        await shutdown.sleep(CAMPAIGN_POLL_SECONDS)


async def run_relay(settings: RelaySettings, shutdown: ShutdownSignal) -> None:
    """Carry both logs to Redis and do the upkeep, until `shutdown`."""
    from mitra_shared.access_record.forgetting import forget_old_looks
    from mitra_shared.relay.running import run_relay as relay_topics

    engine = create_engine(
        settings.database_url.get_secret_value(), application="enrolment relay", pool_size=8
    )
    upkeep, readiness = Upkeep(engine, system_clock), Readiness()
    readiness.add("upkeep", upkeep.heartbeat.check)
    try:
        await relay_topics(
            shutdown,
            engine=engine,
            settings=settings,
            topics=(ENROLMENT, OPINIONS),
            readiness=readiness,
            parts={"upkeep": upkeep.run(shutdown), "old looks": forget_old_looks(engine, shutdown)},
        )
    finally:
        await engine.dispose()
