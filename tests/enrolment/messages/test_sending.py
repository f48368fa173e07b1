"""From the outbox to the gateway: once at least, in the person's language, and nothing personal stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text

from enrolment.codes import ChallengeId, code_of
from enrolment.messages.delivery import Delivery, SenderLimits
from enrolment.messages.gateway import GatewayFailed, GatewayReceipt, MessageRefused, OutgoingMessage
from enrolment.messages.http import GatewayLimits, HttpGateway
from enrolment.messages.kinds import FACTS, Message, MessageKind
from enrolment.messages.metrics import MessageMetrics
from enrolment.messages.outbox import enqueue
from enrolment.messages.sender import Sender
from enrolment.messages.wording import Wording
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from tests.enrolment.intake_api import SEALS, IntakeApi, TestClock, person, rows
from tests.enrolment.messages.gateway_server import GatewayServer, answer, gateway_server, silence

LINK = "https://mitra.example.org/r/"


@dataclass
class Mailbag:
    """A gateway that keeps what it is given, or raises what it is told to."""

    taken: list[OutgoingMessage] = field(default_factory=list)
    raising: list[Exception] = field(default_factory=list)

    async def send(self, message: OutgoingMessage) -> GatewayReceipt:
        if self.raising:
            raise self.raising.pop(0)
        self.taken.append(message)
        return GatewayReceipt(None)


@dataclass
class Office:
    """An api that people are enrolled at, and a sender with a clock of its own."""

    api: IntakeApi
    clock: TestClock
    registry: CollectorRegistry
    mailbag: Mailbag

    def sender(self, gateway: Any = None, **limits: Any) -> Sender:
        self.registry = CollectorRegistry()
        return Sender(
            Delivery(
                self.api.engine,
                gateway or self.mailbag,
                SEALS.phones,
                Wording(SEALS.lookup, "https://mitra.example.org"),
                MessageMetrics(self.registry),
                self.clock,
                SenderLimits(**({"looks": 0.0} | limits)),
            )
        )

    async def enrolled(self, number: int = 1, language: str = "en") -> MitraId:
        told = (await self.api.enrol(person(number, language=language))).json()
        return MitraId(UUID(told["mitra_id"]))

    async def enqueue(self, *messages: Message) -> None:
        async with unit_of_work(self.api.engine) as unit:
            await work_as(unit.connection, Work.OWN_DATA)
            await enqueue(unit.connection, messages)

    async def change(self, statement: str, **parameters: Any) -> None:
        async with self.api.engine.begin() as connection:
            await work_as(connection, Work.UPKEEP)
            await connection.execute(text(statement), parameters)

    async def states(self) -> list[tuple[str, int, str | None]]:
        found = await rows(self.api.engine, "select * from message order by send_after, id")
        return [(row.state, row.attempts, row.why) for row in found]

    def metrics(self) -> str:
        return generate_latest(self.registry).decode()


@pytest_asyncio.fixture
async def office(api: IntakeApi) -> Office:
    return Office(api, TestClock(), CollectorRegistry(), Mailbag())


@pytest.mark.parametrize(("language", "word"), [("en", "enrolled"), ("hi", "नामांकन"), ("ur", "اندراج")])
async def test_an_enrolled_person_is_sent_the_link_in_the_own_language(
    office: Office, language: str, word: str
) -> None:
    mitra = await office.enrolled(7, language)
    office.clock.now += timedelta(seconds=1)
    assert await office.sender().turn() == 1
    (message,) = office.mailbag.taken
    assert message.phone == "+919800000007"
    assert LINK + SEALS.receipt(mitra) in message.text
    assert word in message.text
    assert await office.states() == [("sent", 1, None)]


@pytest.mark.parametrize("language", ["en", "hi", "ur"])
async def test_every_kind_of_message_to_one_person_has_words(office: Office, language: str) -> None:
    mitra = await office.enrolled(1, language)
    facts = {"challenge": str(uuid4()), "due_at": "2026-12-24T06:30:00+00:00", "request": str(uuid4())}
    await office.enqueue(
        *(
            Message(mitra, kind, office.clock(), {name: facts[name] for name in FACTS[kind]})
            for kind in MessageKind
            if kind not in {MessageKind.RECEIPT, MessageKind.BROADCAST}
        )
    )
    office.clock.now += timedelta(seconds=1)
    await office.sender().turn()
    texts = {message.kind: message.text for message in office.mailbag.taken}
    assert texts.keys() == set(MessageKind) - {MessageKind.BROADCAST}
    assert len(set(texts.values())) == len(texts)
    assert code_of(ChallengeId(UUID(facts["challenge"])), SEALS.lookup) in texts[MessageKind.CODE]
    assert "24-12-2026 12:00" in texts[MessageKind.ERASURE_NOTICE]


async def test_nothing_of_the_person_stays_in_the_outbox(office: Office) -> None:
    mitra = await office.enrolled(7)
    challenge = uuid4()
    await office.enqueue(Message(mitra, MessageKind.CODE, office.clock(), {"challenge": str(challenge)}))
    office.clock.now += timedelta(seconds=1)
    await office.sender().turn()
    kept = str(await rows(office.api.engine, "select * from message"))
    assert len(office.mailbag.taken) == 2
    for secret in ("9800000007", code_of(ChallengeId(challenge), SEALS.lookup), SEALS.receipt(mitra)):
        assert secret not in kept
        assert secret not in office.metrics()


async def test_a_message_is_not_sent_before_its_time(office: Office) -> None:
    mitra = await office.enrolled()
    later = office.clock() + timedelta(hours=1)
    await office.enqueue(Message(mitra, MessageKind.WITHDRAWN, later))
    office.clock.now += timedelta(seconds=1)
    sender = office.sender()
    assert [await sender.turn(), await sender.turn()] == [1, 0]
    office.clock.now = later
    assert await sender.turn() == 1
    assert [message.kind for message in office.mailbag.taken] == [MessageKind.RECEIPT, MessageKind.WITHDRAWN]


async def test_a_code_that_would_come_too_late_is_dropped(office: Office) -> None:
    mitra = await office.enrolled()
    now = office.clock()
    await office.enqueue(
        Message(mitra, MessageKind.CODE, now, {"challenge": str(uuid4())}, now + timedelta(minutes=10))
    )
    office.clock.now = now + timedelta(minutes=10)
    await office.sender().turn()
    assert [message.kind for message in office.mailbag.taken] == [MessageKind.RECEIPT]
    assert ("dropped", 1, "expired") in await office.states()


async def test_codes_go_before_what_can_wait(office: Office) -> None:
    mitra = await office.enrolled()
    now = office.clock() + timedelta(seconds=1)
    code = Message(mitra, MessageKind.CODE, now, {"challenge": str(uuid4())}, now + timedelta(minutes=10))
    await office.enqueue(code)
    office.clock.now = now
    sender = office.sender(at_once=1)
    await sender.turn()
    assert [message.kind for message in office.mailbag.taken] == [MessageKind.CODE]


async def test_receipts_of_a_sheet_go_after_what_is_told_to_one_person(office: Office) -> None:
    mitra = await office.enrolled()
    earlier = office.clock() - timedelta(minutes=1)
    sheet = [Message(mitra, MessageKind.RECEIPT, earlier, of_many=True) for _ in range(3)]
    await office.enqueue(*sheet, Message(mitra, MessageKind.WITHDRAWN, office.clock()))
    office.clock.now += timedelta(seconds=1)
    sender = office.sender(at_once=2)
    await sender.turn()
    assert sorted(message.kind for message in office.mailbag.taken) == [
        MessageKind.RECEIPT,
        MessageKind.WITHDRAWN,
    ]
    await sender.turn()
    await sender.turn()
    assert {message.id for message in office.mailbag.taken} >= {message.id for message in sheet}


async def test_a_person_who_is_erased_is_sent_nothing(office: Office) -> None:
    await office.enrolled()
    await office.change("update mitra set phone = null")
    await office.enqueue(Message(MitraId(uuid4()), MessageKind.WITHDRAWN, office.clock()))
    office.clock.now += timedelta(seconds=1)
    await office.sender().turn()
    assert [state for state, _, _ in await office.states()] == ["dropped", "dropped"]
    assert office.mailbag.taken == []


async def test_a_phone_that_does_not_open_fails_alone(office: Office) -> None:
    first, _ = await office.enrolled(1), await office.enrolled(2)
    await office.change("update mitra set phone = 'x' where id = :id", id=first)
    office.clock.now += timedelta(seconds=1)
    await office.sender().turn()
    assert [message.phone for message in office.mailbag.taken] == ["+919800000002"]
    assert ("failed", 1, "cannot be made: DamagedSeal") in await office.states()


async def test_a_gateway_that_is_down_is_asked_again_under_the_same_id(office: Office) -> None:
    await office.enrolled()
    office.mailbag.raising = [GatewayFailed("status 503"), GatewayFailed("status 429", retry_after=900)]
    office.clock.now += timedelta(seconds=1)
    sender = office.sender()
    await sender.turn()
    assert await office.states() == [("waiting", 1, "status 503")]
    assert await sender.turn() == 0
    office.clock.now += timedelta(seconds=3)
    await sender.turn()
    office.clock.now += timedelta(seconds=890)
    assert await sender.turn() == 0
    office.clock.now += timedelta(seconds=11)
    await sender.turn()
    assert await office.states() == [("sent", 3, None)]
    assert len(office.mailbag.taken) == 1
    assert 'mitra_message_attempts_total{kind="receipt",outcome="again"} 2.0' in office.metrics()


async def test_a_refusal_is_final_and_counted(office: Office) -> None:
    await office.enrolled()
    office.mailbag.raising = [MessageRefused("status 422")]
    office.clock.now += timedelta(seconds=1)
    sender = office.sender()
    await sender.turn()
    assert await office.states() == [("failed", 1, "refused: status 422")]
    assert 'mitra_message_attempts_total{kind="receipt",outcome="failed"} 1.0' in office.metrics()


async def test_a_message_is_given_up_after_so_many_attempts_and_readiness_says_so(office: Office) -> None:
    await office.enrolled()
    office.mailbag.raising = [GatewayFailed("status 500")] * 3
    sender = office.sender(attempts=3, in_a_row=99, poll=0.0)
    for _ in range(3):
        office.clock.now += timedelta(hours=1)
        await sender.turn()
    assert await office.states() == [("failed", 3, "given up: status 500")]
    shutdown = ShutdownSignal()
    following = asyncio.create_task(sender.follow(shutdown))
    await until_it_says(sender, "given up")
    office.clock.now += timedelta(hours=2)
    await until_it_says(sender, None)
    shutdown.request("the test is over")
    await following
    assert 'mitra_messages{state="failed"} 1.0' in office.metrics()


async def test_an_outage_does_not_use_up_the_attempts_of_all(office: Office) -> None:
    for number in range(10):
        await office.enrolled(number)
    office.clock.now += timedelta(hours=1)
    office.mailbag.raising = [GatewayFailed("status 500")] * 20
    sender = office.sender(at_once=5, in_a_row=5)
    assert [await sender.turn() for _ in range(4)] == [5, 1, 1, 1]


async def test_an_outage_of_days_gives_up_nothing_and_ends_with_the_message_sent(office: Office) -> None:
    await office.enrolled()
    sender = office.sender()
    for _ in range(200):
        office.mailbag.raising = [GatewayFailed("status 503")]
        office.clock.now += timedelta(minutes=30)
        await sender.turn()
    (state, attempts, why) = (await office.states())[0]
    assert (state, why) == ("waiting", "status 503")
    # Those before it was known that the gateway takes none.
    assert attempts == 4
    office.clock.now += timedelta(minutes=1)
    await sender.turn()
    assert await office.states() == [("sent", 5, None)]


async def test_a_message_that_alone_is_not_taken_is_given_up_after_an_outage_too(office: Office) -> None:
    first = await office.enrolled(1)

    class TakesAllBut:
        """A gateway with a fault at one number."""

        async def send(self, message: OutgoingMessage) -> GatewayReceipt:
            if message.phone.endswith("001"):
                raise GatewayFailed("status 500")
            return await office.mailbag.send(message)

    sender = office.sender(TakesAllBut(), attempts=6)
    for _ in range(20):
        office.clock.now += timedelta(minutes=30)
        await sender.turn()
    assert [state for state, _, _ in await office.states()] == ["waiting"]
    for number in range(2, 6):
        await office.enrolled(number)
        office.clock.now += timedelta(minutes=30)
        await sender.turn()
    ends = await rows(office.api.engine, "select state, why from message where recipient = :id", id=first)
    assert [tuple(end) for end in ends] == [("failed", "given up: status 500")]
    assert len(office.mailbag.taken) == 4


async def test_two_processes_send_each_message_once(office: Office) -> None:
    for number in range(12):
        await office.enrolled(number)
    office.clock.now += timedelta(hours=1)
    senders = [office.sender(at_once=4) for _ in range(3)]
    await asyncio.gather(*(sender.turn() for sender in senders))
    assert len(office.mailbag.taken) == len({message.id for message in office.mailbag.taken}) == 12


async def test_what_a_dead_process_had_taken_is_sent_by_the_next(office: Office) -> None:
    await office.enrolled()
    office.clock.now += timedelta(seconds=1)

    class Dies:
        async def send(self, _message: OutgoingMessage) -> GatewayReceipt:
            raise asyncio.CancelledError

    await office.sender(Dies()).turn()
    assert await office.sender().turn() == 0
    office.clock.now += timedelta(seconds=61)
    assert await office.sender().turn() == 1
    assert await office.states() == [("sent", 2, None)]


async def until_it_says(sender: Sender, words: str | None) -> None:
    async with asyncio.timeout(60):
        while True:
            said = await sender.check()
            if said is None if words is None else words in (said or ""):
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def over_http() -> AsyncIterator[tuple[GatewayServer, HttpGateway]]:
    async with (
        gateway_server() as server,
        HttpGateway(server.url, "secret", GatewayLimits(connect=60, total=2.0, body=0.2)) as gateway,
    ):
        yield server, gateway


async def test_a_slow_gateway_gets_the_message_again_with_the_same_key(office: Office) -> None:
    await office.enrolled()
    office.clock.now += timedelta(seconds=1)
    async with over_http() as (server, gateway):
        server.answers = [silence, answer(503)]
        sender = office.sender(gateway)
        for _ in range(3):
            await sender.turn()
            office.clock.now += timedelta(minutes=1)
        assert len(server.ids) == 3
        assert len(set(server.ids)) == 1
    assert [state for state, _, _ in await office.states()] == ["sent"]


async def test_a_database_that_is_away_is_waited_for(office: Office) -> None:
    await office.enrolled()
    office.clock.now += timedelta(seconds=1)
    sender, shutdown = office.sender(), ShutdownSignal()
    await office.change("alter table message rename to message_away")
    following = asyncio.create_task(sender.follow(shutdown))
    await until_it_says(sender, "cannot be read")
    await office.change("alter table message_away rename to message")
    await until_it_says(sender, None)
    shutdown.request("the test is over")
    await following
    assert len(office.mailbag.taken) == 1
