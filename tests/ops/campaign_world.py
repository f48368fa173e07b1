"""All three services of a small campaign in one process: real databases, streams, intake, relays, consumers.

Only HTTP is short-cut: requests go straight into the applications. What the audit is to prove comes from the
services' own code, what it is to catch is broken by hand.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import certificates.consumers
import reporting.consumers
from certificates.api.looks import put_on_record
from certificates.commands.hand_over import HandOver, NotRead, Record, hand_over
from certificates.commands.make_sheet import MakeSheet, make_sheet
from certificates.commands.mark_sheet import MarkDispatched, MarkPrinted, mark_dispatched, mark_printed
from certificates.commands.plan_programme import PlanProgramme, plan_programme
from certificates.commands.report_programme import ReportProgramme, report_programme
from certificates.commands.reprint import Reprint, reprint
from certificates.domain.certificate import visible_number
from certificates.domain.paper import HandOverOutcome, ReprintReason, VisibleNumber
from certificates.signing import StatusListPublisher, signing_group
from certificates.storage.programmes import Programme
from certificates.storage.requests import Request
from certificates.storage.sheets import SegmentScope
from enrolment.clock import india_day, system_clock
from enrolment.commands.ask_request import AskRequest, Correction, ask_request
from enrolment.upkeep import Upkeep
from mitra_shared.campaign.definition import Rights
from mitra_shared.consume.consumer import Consumer
from mitra_shared.contracts.topics import (
    CERTIFICATES,
    CUSTODY,
    ENROLMENT,
    OPINIONS,
    STAFF,
    Topic,
    partition_of,
)
from mitra_shared.database import create_engine
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.ops.audit import AuditReport, AuditSources, audit
from mitra_shared.ops.rebuilding import GROUPS
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.relay import Relay
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.tokens import Caller, Role
from mitra_shared.staff_standing.consuming import standing_group
from mitra_shared.streams import connect
from tests.certificates.issuing import issuer_in
from tests.enrolment.intake_api import SEALS, IntakeApi, load, person, running_api, token
from tests.enrolment.people import in_charge
from tests.enrolment.staff_world import StaffWorld, staff_world
from tests.factories import ROUND, SEGMENTS, small_campaign
from tests.logs import log_app, log_client
from tests.servers import Database, Databases

TOPICS = [{"id": "housing", "name": {"en": "Housing", "hi": "आवास"}}]
KEY = KeyedHash(b"a key for tests of certificates.")


def quotas(number: int, **of_segments: int) -> list[dict[str, Any]]:
    """Goals with `number` certificates for each segment, and others for some: `S11_AC017=5`."""
    goal = {"level": "segment", "metric": "certificates", "source": "a number for tests"}
    return [
        {**goal, "number": number},
        *({**goal, "number": n, "area": code.replace("_", "-")} for code, n in of_segments.items()),
    ]


@dataclass
class World:
    """The databases of the three services, and Redis."""

    enrolment: AsyncEngine
    certificates: AsyncEngine
    reporting: AsyncEngine
    redis: Redis
    sources: AuditSources

    async def audit(self, *, deep: bool = False, patience: float = 0.0) -> AuditReport:
        return await audit(self.sources, deep=deep, patience=patience)

    async def run(self, database: str, statement: str, **parameters: Any) -> int:
        """Change something by hand; how many rows it hit."""
        engine: AsyncEngine = getattr(self, database)
        async with engine.begin() as connection:
            return (await connection.execute(text(statement), parameters)).rowcount

    async def rows(self, database: str, query: str, **parameters: Any) -> list[Any]:
        engine: AsyncEngine = getattr(self, database)
        async with engine.connect() as connection:
            return list(await connection.execute(text(query), parameters))

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Relays of all logs and all consumers, at work."""
        async with self.relaying(), self.consuming():
            yield

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """Relays of all logs, at work."""
        async with AsyncExitStack() as stack:
            stop = ShutdownSignal()
            parts = [
                Relay(engine, await self._client(stack), topic).run(stop) for engine, topic in self._topics()
            ]
            await stack.enter_async_context(_at_work(parts, stop))
            yield

    @asynccontextmanager
    async def consuming(self, *wanted: str) -> AsyncIterator[None]:
        """Consumers of these groups, or of all, at work; status lists are published with the signatures."""
        broker = RedisBroker(log_level=logging.DEBUG)
        groups = {
            "certificates": (self.certificates, certificates.consumers.consumer_group(broker, KEY)),
            "reporting": (
                self.reporting,
                reporting.consumers.consumer_group(RedisBroker(log_level=logging.DEBUG)),
            ),
        }
        async with AsyncExitStack() as stack:
            issuer = issuer_in(Path(stack.enter_context(TemporaryDirectory())), SEALS.names)
            signing = signing_group(RedisBroker(log_level=logging.DEBUG), issuer)
            groups["credentials"] = (self.certificates, signing)
            for service, engine, with_names in (
                ("certificates", self.certificates, False),
                ("reporting", self.reporting, True),
            ):
                broker = RedisBroker(log_level=logging.DEBUG)
                group = standing_group(broker, service, with_names=with_names)
                groups[group.name] = (engine, group)
            logs = log_client(self.logs())
            stack.push_async_callback(logs.close)
            stop = ShutdownSignal()
            parts: list[Coroutine[Any, Any, None]] = []
            if not wanted or "credentials" in wanted:
                parts.append(StatusListPublisher(self.certificates, issuer).run(stop))
            for name in wanted or groups:
                engine, group = groups[name]
                parts.append(Consumer(engine, await self._client(stack), group, logs).run(stop))
            await stack.enter_async_context(_at_work(parts, stop))
            yield

    async def _client(self, stack: AsyncExitStack) -> Redis:
        redis = connect(self.sources.redis)
        stack.push_async_callback(redis.aclose)
        return redis

    def _topics(self) -> Sequence[tuple[AsyncEngine, Topic]]:
        return [
            (self.enrolment, ENROLMENT),
            (self.enrolment, OPINIONS),
            (self.enrolment, STAFF),
            (self.certificates, CERTIFICATES),
            (self.certificates, CUSTODY),
        ]

    def logs(self) -> FastAPI:
        """Serves the logs of both producers."""
        return log_app(self.enrolment, self.certificates)

    async def settled(self, seconds: float = 30) -> None:
        """Wait until all groups stand at the ends of their logs, and every status list is published."""
        for _ in range(int(seconds / 0.05)):
            if await self._ends() == await self._standings() and not await self._unpublished():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the consumers do not reach the ends of their logs")

    async def settled_after_rebuild(self, seconds: float = 30) -> None:
        """Wait until certificates are rebuilt, and reporting has followed into the new epoch of their log."""
        asked = "select 1 from consumer_position where rebuild_requested_at is not null"
        heads = "select partition, epoch, position from certificates_head where position > 0 order by 1"
        stands = (
            "select partition, epoch, position from consumer_position"
            " where topic = 'certificates' and position > 0 order by 1"
        )
        for _ in range(int(seconds / 0.05)):
            if not await self.rows("certificates", asked):
                await self.settled(seconds)
                if await self.rows("certificates", heads) == await self.rows("reporting", stands):
                    return
            await asyncio.sleep(0.05)
        raise AssertionError("the rebuild does not come to its end")

    async def _unpublished(self) -> list[Any]:
        return await self.rows("certificates", "select number from status_list where changes <> published")

    async def _ends(self) -> dict[tuple[str, str, int], int]:
        ends: dict[tuple[str, str, int], int] = {}
        for engine, topic in self._topics():
            async with engine.connect() as connection:
                query = text(f"select partition, position from {topic.name}_head")  # noqa: S608
                for partition, position in await connection.execute(query):
                    for group, topics in GROUPS.items():
                        if topic in topics:
                            ends[group, topic.name, partition] = position
        return ends

    async def _standings(self) -> dict[tuple[str, str, int], int]:
        query = 'select "group", topic, partition, position from consumer_position'
        rows = [*await self.rows("certificates", query), *await self.rows("reporting", query)]
        return {(group, topic, partition): position for group, topic, partition, position in rows}


@asynccontextmanager
async def _at_work(parts: Sequence[Coroutine[Any, Any, None]], stop: ShutdownSignal) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield
    finally:
        stop.request("the test is over")
        await asyncio.wait_for(asyncio.gather(*tasks), 60)


@dataclass(frozen=True)
class Sound:
    """What the story left behind: databases to copy, and the keys of Redis."""

    databases: tuple[Database, ...]
    keys: dict[bytes, bytes]


_copies = itertools.count(1)


async def copy_of(databases: Databases, source: Database) -> Database:
    """A copy of a database to which nobody is connected."""
    for _ in range(1_200):
        try:
            return await databases._create(f"{source.name}_copy_{next(_copies)}", source.name)
        except asyncpg.ObjectInUseError:  # a connection to the source is still on its way out
            await asyncio.sleep(0.05)
    raise AssertionError(f"{source.name} stays in use")


@asynccontextmanager
async def world_on(
    enrolment: Database, certificates: Database, reporting: Database, *, redis_url: str
) -> AsyncIterator[World]:
    sources = AuditSources(enrolment.url, certificates.url, reporting.url, redis_url)
    async with AsyncExitStack() as stack:
        engines = {}
        for name in ("enrolment", "certificates", "reporting"):
            engines[name] = create_engine(sources.database(name), application="tests", pool_size=12)
            stack.push_async_callback(engines[name].dispose)
        redis = connect(redis_url)
        stack.push_async_callback(redis.aclose)
        yield World(**engines, redis=redis, sources=sources)


class FieldDay:
    """What happens in the field, over the real intake."""

    def __init__(self, api: IntakeApi, *, first: int = 0) -> None:
        self.api = api
        self._number = first

    async def enrol(self, segment: str, count: int) -> list[UUID]:
        """Enrol people one after the other in one segment."""
        entries = []
        for _ in range(count):
            self._number += 1
            basis = "beneficiary" if self._number % 3 else "admirer"
            schemes = ["PMAY-G", "PMUY"][: self._number % 3]
            entries.append(
                (str(uuid4()), person(self._number, segment=segment, basis=basis, schemes=schemes))
            )
        answer = await self.api.batch(entries, bearer=self._token(segment))
        outcomes = answer.json()["outcomes"]
        assert [outcome["status"] for outcome in outcomes] == [201] * count, outcomes
        return [UUID(outcome["body"]["mitra_id"]) for outcome in outcomes]

    async def withdraw(self, mitra: UUID, segment: str) -> None:
        answer = await self.api.post(f"/v1/mitras/{mitra}/withdrawal", bearer=self._token(segment))
        assert answer.is_success, answer.text

    async def correct(self, mitra: UUID, segment: str, right: Correction) -> None:
        """Ask for a correction as the person, and grant it as the in-charge."""
        asked = AskRequest(MitraId(mitra), right, datetime.now(UTC), None)
        await ask_request(asked, Rights(), self.api.engine, SEALS)
        bearer = in_charge(SEGMENTS[segment][1])
        (request,) = (await self.api.get("/v1/requests", bearer=bearer)).json()["requests"]
        answer = await self.api.post(
            f"/v1/requests/{request['id']}/answer", {"reason": "done"}, bearer=bearer
        )
        assert answer.is_success, answer.text

    async def look_at(self, mitra: UUID, segment: str) -> None:
        asked = {"purpose": "contact"}
        answer = await self.api.post(f"/v1/mitras/{mitra}/look", asked, bearer=self._token(segment))
        assert answer.is_success, answer.text

    async def opinions(self, segment: str, count: int) -> None:
        for _ in range(count):
            sheet = {
                "submission_id": str(uuid4()),
                "round": ROUND,
                "segment": segment,
                "answers": {"office-help": 4},
            }
            answer = await self.api.post("/v1/opinions", sheet, bearer=self._token(segment))
            assert answer.is_success, answer.text

    async def outreach(self, segment: str, *reports: tuple[int, int]) -> None:
        """Report meetings and people met of today, and correct it."""
        today = india_day(datetime.now(UTC))
        for meetings, people_met in reports:
            answer = await self.api.client.put(
                f"/v1/outreach/{today}/{segment}",
                json={"meetings": meetings, "people_met": people_met},
                headers={"Authorization": f"Bearer {self._token(segment)}"},
            )
            assert answer.is_success, answer.text

    @staticmethod
    def _token(segment: str) -> str:
        constituency = SEGMENTS[segment][1]
        return token(f"{constituency}/co-in-charge-07", area=constituency)


async def play_story(world: World) -> None:
    """A sound campaign: full quotas, waitlists, promotions, a freeze, changed quotas, corrections."""
    await load(world.enrolment, small_campaign())
    async with staff_world(world.enrolment) as staff:
        await appoint_and_replace(staff)
    async with running_api(world.enrolment) as api, world.living():
        field = FieldDay(api)
        full = ("S11-AC017", "S11-AC019", "S24-AC036")
        people = {segment: await field.enrol(segment, 6) for segment in full}
        await field.enrol("S11-AC018", 2)
        people["S11-AC033"] = await field.enrol("S11-AC033", 5)
        await world.settled()
        await field.withdraw(people["S11-AC017"][0], "S11-AC017")
        await field.withdraw(people["S11-AC017"][5], "S11-AC017")
        await load(world.enrolment, small_campaign(2, goals=quotas(3, S11_AC019=5)))
        await world.settled()
        await load(world.enrolment, small_campaign(3, goals=quotas(3, S11_AC019=5), issuing={"frozen": True}))
        await field.enrol("S24-AC037", 5)
        await field.withdraw(people["S24-AC036"][1], "S24-AC036")
        await world.settled()
        await load(world.enrolment, small_campaign(4, goals=quotas(3, S11_AC019=2), topics=TOPICS))
        await field.enrol("S11-AC019", 1)
        await field.opinions("S11-AC017", 12)
        await field.opinions("S24-AC036", 4)
        await field.outreach("S11-AC017", (2, 85), (3, 85))
        await field.outreach("S24-AC036", (0, 12))
        await Upkeep(world.enrolment, system_clock).work()
        await world.settled()
        await print_and_hand_over(world)
        await world.settled()
        issued, *_, waits = people["S11-AC033"]
        await field.correct(issued, "S11-AC033", Correction(name="Asha Devi", schemes=("PMUY",)))
        await field.correct(issued, "S11-AC033", Correction(name="Asha Rani Devi", schemes=("PM-KISAN",)))
        await field.correct(waits, "S11-AC033", Correction(name="Meera Nair", language="ur"))
        await field.correct(people["S24-AC036"][0], "S24-AC036", Correction(schemes=("PMAY-G", "PMUY")))
        await world.settled()
        for looked_at in people["S11-AC019"][:3]:
            await field.look_at(looked_at, "S11-AC019")
        await put_on_record(world.certificates, Caller(StaffId("staff"), Role.IN_CHARGE), people["S11-AC019"])


async def appoint_and_replace(staff: StaffWorld) -> None:
    """Somebody is suspended, somebody was and is no more, a post was handed over, a device signed out.

    Who handed it over is erased.
    """
    headquarters = await staff.headquarters()
    leaving = await staff.appointed(headquarters.token, "in_charge", "S11-PC04")
    taking, barred, restored = [
        await staff.appointed(leaving.token, "co_in_charge", "S11-PC04") for _ in range(3)
    ]
    for member, methods in ((barred, ("POST",)), (restored, ("POST", "DELETE"))):
        for method in methods:
            path = f"/v1/staff/{member.id}/suspension"
            assert (await staff.ask(method, path, token=leaving.token)).is_success
    path = f"/v1/staff/{leaving.id}/hand-over"
    assert (await staff.ask("POST", path, {"to": taking.id}, token=headquarters.token)).is_success
    path = f"/v1/staff/{leaving.id}/erasure"
    assert (await staff.ask("POST", path, token=headquarters.token)).is_success
    assert (await staff.ask("DELETE", "/v1/sessions/current", token=headquarters.token)).is_success


async def print_and_hand_over(world: World) -> None:
    """Two sheets and a reprint, one of them sent; papers handed over, a programme reported repeatedly."""
    scope = SegmentScope(
        partition_of("S11-PC04"), CampaignId("small"), AreaCode("S11-PC04"), AreaCode("S11-AC017")
    )
    by = StaffId("S11-PC04/in-charge")

    def request(asked: str) -> Request:
        return Request.of(by, asked, {"asked": asked})

    async with unit_of_work(world.certificates) as unit:
        first, second = [
            await make_sheet(unit, MakeSheet(uuid4(), scope, 2, request(name), datetime.now(UTC)))
            for name in ("first sheet", "second sheet")
        ]
        await unit.connection.execute(text("update sheet_member set rendered = true"))
        found = await unit.connection.execute(
            text(
                "select serial from credential where segment = 'S11-AC017' and revoked_at is null order by 1"
            )
        )
        numbers = [VisibleNumber(scope.segment, serial) for serial in found.scalars()]
        torn = Reprint(uuid4(), scope, numbers[:1], ReprintReason.TORN, request("reprint"), datetime.now(UTC))
        again = await reprint(unit, torn)
    for sheet in (first, second, again):
        async with unit_of_work(world.certificates) as unit:
            await unit.connection.execute(text("update sheet_member set rendered = true"))
            await mark_printed(unit, MarkPrinted(sheet.id, by, datetime.now(UTC)))
    async with unit_of_work(world.certificates) as unit:
        await mark_dispatched(unit, MarkDispatched(first.id, by, datetime.now(UTC)))
    held = Programme(
        uuid4(), *scope[:3], "launch", "Town hall", date(2026, 11, 2), by, datetime.now(UTC), 0, None, None,
        None, 0,
    )  # fmt: skip
    async with unit_of_work(world.certificates) as unit:
        await plan_programme(unit, PlanProgramme(held, request("programme")))
    for number, programme in zip(numbers, (held.id, None, None), strict=False):
        async with unit_of_work(world.certificates) as unit:
            record = Record(uuid4(), visible_number(*number), datetime.now(UTC), programme)
            at = datetime.now(UTC)
            await hand_over(unit, HandOver([record], by, scope.campaign, scope.constituency, at), no_code)
        async with unit_of_work(world.certificates) as unit:
            report = ReportProgramme(
                held.id, 40 + number.serial, by, date(2026, 11, 3), datetime.now(UTC),
                attendance=90 + number.serial, topics={"housing": 12},
            )  # fmt: skip
            await report_programme(unit, report)


def no_code(_: str) -> NotRead:
    return NotRead(HandOverOutcome.UNREADABLE)
