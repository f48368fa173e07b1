"""How the processes of the service are wired and started. Each imports what others have not to wait for."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from enrolment.campaigns import LoadedCampaigns
from enrolment.clock import system_clock
from enrolment.commands.enrol_mitra import EnrolMitra, Verdict, draft
from enrolment.domain.rules import Rules
from enrolment.intake.committer import Committer
from enrolment.intake.desk import IntakeDesk
from enrolment.intake.transaction import GroupTransaction
from enrolment.messages.gateway import MessageGateway
from enrolment.settings import ApiSettings, ImportsSettings, MatcherSettings, MessagesSettings, RelaySettings
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS, STAFF
from mitra_shared.database import create_engine
from mitra_shared.http.probes import Readiness, create_probe_app, database_check
from mitra_shared.http.rates import RatePerAddress
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.settings import ServedSettings
from mitra_shared.telemetry.metrics import ProcessMetrics


async def run_api(settings: ApiSettings, shutdown: ShutdownSignal) -> None:
    """Serve the API until `shutdown`; what was asked before is answered."""
    from enrolment.api.app import create_app
    from enrolment.commands.tell_names import tell_names
    from enrolment.passwords import Passwords
    from enrolment.service import People, Service
    from enrolment.staffing import Staffing
    from enrolment.storage.staff_log import OwnAccounts
    from mitra_shared.following import follow
    from mitra_shared.staff_standing.revocations import Revocations

    metrics = ProcessMetrics()
    engine = create_engine(settings.database_url.get_secret_value(), application="enrolment api", pool_size=8)
    seals = settings.seals()
    campaigns = LoadedCampaigns()

    def judge(command: EnrolMitra, rules: Rules) -> Verdict:
        return draft(command, rules, seals)

    commit = GroupTransaction(engine, campaigns, judge, system_clock, ration=settings.duplicate_answers_a_day)
    committer = Committer(commit, metrics.commits)
    access_key = settings.access_token_key.get_secret_value()
    passwords = Passwords(settings.password_cost())
    staffing = Staffing(
        seals,
        settings.shown_names(),
        passwords,
        access_key,
        Revocations(OwnAccounts(system_clock)),
        proxies=settings.trusted_proxies,
    )
    desk = IntakeDesk(campaigns, seals, committer)
    service = Service(
        engine,
        campaigns,
        desk,
        system_clock,
        seals,
        settings.looks_a_day,
        staffing,
        People(settings.people_url, RatePerAddress(settings.one_time_codes_a_minute)),
        settings.receipts(),
    )
    readiness = Readiness()
    readiness.add("database", database_check(engine))
    readiness.add("campaigns", campaigns.check)
    readiness.add("intake", committer.check)
    readiness.add("staff", staffing.revocations.check)
    app = create_app(service, settings, readiness, metrics, certificates=settings.field_certificates_url)
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
                "campaigns": follow("campaigns", campaigns.refresh, engine, shutdown),
                "staff": follow("staff", staffing.revocations.refresh, engine, shutdown),
                "names of staff": tell_names(staffing, engine, system_clock, shutdown),
            },
        )
    finally:
        passwords.close()
        await engine.dispose()


async def run_relay(settings: RelaySettings, shutdown: ShutdownSignal) -> None:
    """Carry the logs to Redis, do the upkeep and see erasures through, until `shutdown`."""
    from enrolment.aftermath import Aftermath, ErasureMetrics
    from enrolment.upkeep import Upkeep
    from mitra_shared.access_record.forgetting import forget_old_looks
    from mitra_shared.relay.running import run_relay as relay_topics
    from mitra_shared.streams import connect

    engine = create_engine(
        settings.database_url.get_secret_value(), application="enrolment relay", pool_size=8
    )
    redis = connect(settings.redis_url.get_secret_value(), connections=2)
    upkeep, readiness = Upkeep(engine, system_clock), Readiness()
    metrics = ProcessMetrics()
    aftermath = Aftermath(engine, redis, system_clock, ErasureMetrics(metrics.registry), settings.ledger_file)
    readiness.add("upkeep", upkeep.heartbeat.check)
    try:
        await relay_topics(
            shutdown,
            engine=engine,
            settings=settings,
            topics=(ENROLMENT, OPINIONS, STAFF),
            readiness=readiness,
            metrics=metrics,
            parts={
                "upkeep": upkeep.run(shutdown),
                "aftermath of erasures": aftermath.run(shutdown),
                "old looks": forget_old_looks(engine, shutdown),
            },
        )
    finally:
        await redis.aclose()
        await engine.dispose()


async def run_imports(settings: ImportsSettings, shutdown: ShutdownSignal) -> None:
    """Read sheets and enrol their rows, until `shutdown`.

    A process of its own, because a large sheet must hold up nobody who waits for an answer of the api.
    """
    from enrolment.imports.child_limits import ReadingLimits
    from enrolment.imports.work import Workshop
    from enrolment.imports.worker import ImportMetrics, ImportWorker

    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(), application="enrolment imports", pool_size=8
    )
    seals, campaigns = settings.seals(), LoadedCampaigns()

    def judge(command: EnrolMitra, rules: Rules) -> Verdict:
        return draft(command, rules, seals)

    commit = GroupTransaction(engine, campaigns, judge, system_clock, ration=settings.duplicate_answers_a_day)
    committer = Committer(commit, metrics.commits)
    limits = ReadingLimits(memory=settings.import_memory_mib << 20, seconds=settings.import_seconds)
    shop = Workshop(engine, campaigns, seals, IntakeDesk(campaigns, seals, committer), system_clock, limits)
    worker = ImportWorker(shop, ImportMetrics(metrics.registry))
    readiness.add("database", database_check(engine))
    readiness.add("imports", worker.heartbeat.check)
    readiness.add("intake", committer.check)
    worked = ShutdownSignal()

    async def work() -> None:
        try:
            await worker.follow(shutdown)
        finally:
            # Rows that were sent to the intake still wait for their group.
            worked.request("no import is worked on any more")

    try:
        await run_parts(
            shutdown,
            {
                "probes": _probes(settings, readiness, metrics, shutdown),
                "imports": work(),
                "intake": committer.run(worked),
            },
        )
    finally:
        await engine.dispose()


async def run_messages(settings: MessagesSettings, shutdown: ShutdownSignal) -> None:
    """Send messages to people, one by one and in bulk, until `shutdown`.

    A process of its own, because it alone opens phones and talks to the outside, and a slow gateway must hold
    up neither the relay nor the intake.
    """
    from enrolment.messages.broadcaster import Broadcaster
    from enrolment.messages.delivery import Delivery
    from enrolment.messages.metrics import MessageMetrics
    from enrolment.messages.preparer import Preparer
    from enrolment.messages.sender import Sender
    from enrolment.messages.wording import Wording

    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(), application="enrolment messages", pool_size=4
    )
    async with _gateway(settings) as gateway:
        delivery = Delivery(
            engine,
            gateway,
            KeyRing.from_json(settings.phone_keys.get_secret_value()),
            Wording(KeyedHash.from_base64(settings.lookup_key.get_secret_value()), settings.people_url),
            MessageMetrics(metrics.registry),
            system_clock,
        )
        sender, broadcaster = Sender(delivery), Broadcaster(delivery)
        preparer = Preparer(engine, system_clock)
        readiness.add("database", database_check(engine))
        readiness.add("messages", sender.check)
        readiness.add("broadcasts", broadcaster.check)
        readiness.add("preparing", preparer.heartbeat.check)
        try:
            await run_parts(
                shutdown,
                {
                    "probes": _probes(settings, readiness, metrics, shutdown),
                    "sender": sender.follow(shutdown),
                    "broadcaster": broadcaster.follow(shutdown),
                    "preparer": preparer.follow(shutdown),
                },
            )
        finally:
            await engine.dispose()


async def run_matcher(settings: MatcherSettings, shutdown: ShutdownSignal) -> None:
    """Find people who are likely enrolled twice, until `shutdown`.

    A process of its own, because it opens names and holds a key that no other has, and a run over everybody
    must hold up nothing else.
    """
    from enrolment.matching.matcher import Matcher
    from enrolment.matching.metrics import MatcherMetrics

    metrics, readiness = ProcessMetrics(), Readiness()
    engine = create_engine(
        settings.database_url.get_secret_value(), application="enrolment matcher", pool_size=2
    )
    matcher = Matcher(engine, settings.names(), MatcherMetrics(metrics.registry), system_clock)
    readiness.add("database", database_check(engine))
    readiness.add("matcher", matcher.heartbeat.check)
    try:
        await run_parts(
            shutdown,
            {
                "probes": _probes(settings, readiness, metrics, shutdown),
                "matcher": matcher.run(shutdown),
            },
        )
    finally:
        await engine.dispose()


async def _probes(
    settings: ServedSettings, readiness: Readiness, metrics: ProcessMetrics, shutdown: ShutdownSignal
) -> None:
    """What a process without an API serves: whether it is ready, and its metrics."""
    await serve(
        create_probe_app(readiness, metrics),
        host=settings.host,
        port=settings.port,
        shutdown=shutdown,
        port_file=settings.port_file,
    )


@asynccontextmanager
async def _gateway(settings: MessagesSettings) -> AsyncIterator[MessageGateway]:
    """The gateway that is configured; settings have made sure that all it needs is there."""
    from enrolment.messages.console import ConsoleGateway
    from enrolment.messages.http import HttpGateway

    url, secret = settings.message_gateway_url, settings.message_gateway_secret
    if settings.message_gateway == "http" and url is not None and secret is not None:
        async with HttpGateway(url, secret.get_secret_value()) as gateway:
            yield gateway
    else:
        yield ConsoleGateway(sys.stdout)
