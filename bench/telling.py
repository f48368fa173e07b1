"""Messages in bulk: noted for 20,000 people, handed to a gateway that takes all, beside the highest pace."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told, ratio
from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.draft_broadcast import DraftBroadcast, draft_broadcast
from enrolment.commands.prepare_broadcasts import prepare_broadcasts
from enrolment.commands.steer_broadcast import SteerBroadcast, approve_broadcast
from enrolment.messages.broadcaster import Broadcaster
from enrolment.messages.delivery import Delivery
from enrolment.messages.gateway import GatewayReceipt, OutgoingMessage
from enrolment.messages.metrics import MessageMetrics
from enrolment.messages.wording import Wording
from enrolment.storage.row_security import Work, work_as
from mitra_shared.campaign.definition import CampaignDefinition, Language, Messaging
from mitra_shared.database import create_engine
from mitra_shared.ids import StaffId
from mitra_shared.ops.campaign_sending import Enrolment, send_definition
from mitra_shared.ops.stack import Stack
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.security.secret_files import read_secret
from mitra_shared.security.tokens import Caller, Role

ROUNDS: Final = 3
ENROLLED: Final = 20_000
HANDED: Final = 2_000
A_MINUTE: Final = 60_000
"""The highest pace that a campaign may set."""
WARM: Final = timedelta(seconds=2)
BATCH: Final = 500
CONNECTIONS: Final = 8
_BARE: Final = """
    insert into bare
    select gen_random_uuid(), id, 'broadcast', '{}', now(), now() + interval '7 days', now() from mitra
"""


class TakesAll:
    """A gateway that costs nothing."""

    async def send(self, _message: OutgoingMessage) -> GatewayReceipt:
        """Take it."""
        return GatewayReceipt(None)


async def measure(tell: Told) -> list[Figure]:
    """The figures of this part."""
    prepared = Figure(
        f"messages prepared for {ENROLLED:,} people, 1,000 in a transaction",
        "messages/s",
        goal=A_MINUTE / 60,
        note="the goal is the highest pace that a campaign may set, 60,000 a minute",
    )
    bare = Figure("the same rows by one insert-select into a bare table", "messages/s")
    handed = Figure(
        f"{HANDED:,} of them taken, opened, worded, handed over and noted by one process",
        "messages/s",
        note="the gateway takes each at once; with a pace of 600 a minute, 10 go in a second",
    )
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        tell(f"enrolling {ENROLLED}")
        url = made.state().api_urls("enrolment")[0]
        requests = people.batch_requests(stacks.target(made), ENROLLED, 1, url, BATCH)
        await asyncio.to_thread(load, [url], requests, connections=CONNECTIONS)
        definition = _fast(stacks.definition())
        send_definition(Enrolment(url, stacks.token(made, Role.OPERATOR)), definition)
        engine = create_engine(made.state().databases["enrolment"], application="bench")
        try:
            for number in range(ROUNDS):
                tell(f"messages in bulk, round {number + 1} of {ROUNDS}")
                now = _noon() + number * timedelta(hours=1)
                await _approved(engine, definition, now)
                prepared.values.append(await _prepared(engine, now))
                handed.values.append(await _handed(made, engine, now))
                bare.values.append(await _bare(engine))
        finally:
            await engine.dispose()
    return [prepared, bare, ratio("prepared over the bare insert", prepared, bare), handed]


def _fast(definition: CampaignDefinition) -> CampaignDefinition:
    limits = Messaging(a_minute=A_MINUTE, days_between=0)
    return definition.model_copy(update={"version": definition.version + 1, "messages": limits})


def _noon() -> datetime:
    """Noon in India of tomorrow: whoever is enrolled now is enrolled before, and it is no night."""
    return datetime.now(UTC).replace(hour=6, minute=30) + timedelta(days=1)


async def _approved(engine: AsyncEngine, definition: CampaignDefinition, now: datetime) -> None:
    nation = next(area.code for area in definition.areas if area.parent is None)
    texts: dict[Language, str] = {
        "en": "The help desk is open on Sunday.",
        "hi": "सहायता केंद्र रविवार को खुला है।",
    }
    command = DraftBroadcast(definition, StaffId("bench"), None, str(uuid4()), texts, nation, None, None, now)
    broadcast = await draft_broadcast(command, engine)
    headquarters = Caller(StaffId("bench"), Role.HEADQUARTERS)
    await approve_broadcast(
        SteerBroadcast(broadcast, definition.id, headquarters, now), command.digest, engine
    )


async def _prepared(engine: AsyncEngine, now: datetime) -> float:
    began = time.perf_counter()
    await prepare_broadcasts(engine, LoadedCampaigns(), now, lambda: None)
    seconds = time.perf_counter() - began
    async with engine.connect() as connection:
        await work_as(connection, Work.MESSAGES)
        found = await connection.execute(
            text("select count(*) from message where broadcast is not null and state = 'waiting'")
        )
        number: int = found.scalar_one()
    if number < ENROLLED * 0.9:
        raise RuntimeError(f"only {number} messages were prepared")
    return number / seconds


async def _handed(made: Stack, engine: AsyncEngine, now: datetime) -> float:
    secrets = made.home / "secrets" / "enrolment"
    began = time.perf_counter()

    def clock() -> datetime:
        return now + WARM + timedelta(seconds=time.perf_counter() - began)

    broadcaster = Broadcaster(
        Delivery(
            engine,
            TakesAll(),
            KeyRing.from_json(read_secret(secrets / "mitra_phone_keys")),
            Wording(
                KeyedHash.from_base64(read_secret(secrets / "mitra_lookup_key")), "https://mitra.example.org"
            ),
            MessageMetrics(CollectorRegistry()),
            clock,
        )
    )
    number = 0
    while number < HANDED:
        taken = await broadcaster.turn()
        if not taken:
            raise RuntimeError(f"nothing more was taken after {number} messages")
        number += taken
    return number / (time.perf_counter() - began)


async def _bare(engine: AsyncEngine) -> float:
    """Rows a second; leaves no broadcast behind."""
    async with engine.begin() as connection:
        await work_as(connection, Work.MESSAGES)
        await connection.execute(
            text(
                "create unlogged table bare (id uuid, recipient uuid, kind text, facts jsonb,"
                " send_after timestamptz, expires_at timestamptz, next_at timestamptz)"
            )
        )
        began = time.perf_counter()
        rows = (await connection.execute(text(_BARE))).rowcount
        seconds = time.perf_counter() - began
        await connection.execute(text("drop table bare"))
        await work_as(connection, Work.UPKEEP)
        await connection.execute(text("delete from message where broadcast is not null"))
        await connection.execute(text("delete from broadcast"))
    return rows / seconds
