"""When messages in bulk go: not at night, not while frozen, and as pace, campaigns and gateways allow."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from enrolment.messages.gateway import GatewayFailed, GatewayReceipt, MessageRefused, OutgoingMessage
from enrolment.messages.http import GatewayLimits, HttpGateway
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import load, rows, token
from tests.enrolment.messages.broadcasting import FAST, Bulk, at
from tests.enrolment.messages.gateway_server import answer, gateway_server, silence
from tests.factories import small_campaign


async def another_campaign(bulk: Bulk, messages: dict[str, int]) -> str:
    """Put one more campaign in force; returns a token of its headquarters."""
    await load(bulk.api.engine, small_campaign(id="second", messages=messages))
    async with bulk.api.engine.connect() as connection:
        await bulk.api.service.campaigns.refresh(connection)
    return token("headquarters-2", Role.HEADQUARTERS, None, "second")


async def test_at_night_only_what_serves_a_person_goes_out(bulk: Bulk) -> None:
    (mitra,) = await bulk.enrol(1)
    await bulk.approved()
    await bulk.prepare()
    broadcaster, sender = bulk.broadcaster(), bulk.sender()
    for quiet in (at(20), at(23, 59), at(24 - 1, 30), at(0, 0), at(8, 59)):
        bulk.clock.now = quiet if quiet.hour > 6 else quiet + timedelta(days=1)
        assert await broadcaster.turn() == 0
    async with unit_of_work(bulk.api.engine) as unit:
        code = {"challenge": str(uuid4())}
        await work_as(unit.connection, Work.OWN_DATA)
        await enqueue(unit.connection, [Message(MitraId(UUID(mitra)), MessageKind.CODE, bulk.clock(), code)])
    assert await sender.turn() == 2
    assert {message.kind for message in bulk.mailbag.taken} == {MessageKind.RECEIPT, MessageKind.CODE}
    bulk.clock.now = at(9) + timedelta(days=1)
    assert await broadcaster.turn() == 1


async def test_a_freeze_holds_broadcasts_from_the_next_turn_until_it_ends(bulk: Bulk) -> None:
    await bulk.enrol(1, 2)
    broadcast = await bulk.approved()
    await bulk.prepare()
    broadcaster = bulk.broadcaster(at_once=1)
    assert await broadcaster.turn() == 1
    await bulk.define(messages=FAST, issuing={"frozen": True})
    bulk.clock.now += timedelta(seconds=1)
    assert await broadcaster.turn() == 0
    assert 'mitra_broadcasts_held{why="frozen"} 1.0' in bulk.metrics()
    told = await bulk.told(broadcast)
    assert (told["held"], told["earliest"]) == ("frozen", None)
    assert await bulk.sender().turn() == 2
    await bulk.define(messages=FAST)
    assert await broadcaster.turn() == 1
    assert 'mitra_broadcasts_held{why="frozen"} 0.0' in bulk.metrics()


async def test_two_senders_together_keep_to_the_pace_of_the_campaign(bulk: Bulk) -> None:
    await bulk.define(messages={"a_minute": 12})
    await bulk.enrol(*range(40))
    await bulk.approved()
    await bulk.prepare()
    senders, went = (bulk.broadcaster(), bulk.broadcaster()), []
    began = bulk.clock()
    while bulk.clock() < began + timedelta(seconds=130):
        before = len(bulk.mailbag.taken)
        await asyncio.gather(*(sender.turn() for sender in senders))
        went += [bulk.clock()] * (len(bulk.mailbag.taken) - before)
        bulk.clock.now += timedelta(seconds=2.5)
    assert len(went) >= 24
    minute = timedelta(seconds=60)
    assert max(sum(first <= one < first + minute for one in went) for first in went) <= 12
    await senders[1].turn()
    await senders[1].turn()
    assert 'mitra_broadcasts_held{why="rate"} 1.0' in bulk.metrics()


async def test_a_gateway_that_is_down_slow_or_lying_loses_nobody_and_the_id_stays(bulk: Bulk) -> None:
    people = await bulk.enrol(*range(6))
    await bulk.approved()
    await bulk.prepare()

    async def hangs_up(_writer: asyncio.StreamWriter) -> None:
        """Takes the message and says nothing of it."""

    async with (
        gateway_server() as server,
        HttpGateway(server.url, "secret", GatewayLimits(connect=60, total=3.0, body=0.2)) as gateway,
    ):
        server.answers = [
            hangs_up,
            silence,
            answer(503),
            answer(429, Retry_After="7"),
            b"it went well\r\n\r\n",
            answer(200, '{"id": {"sent": false}}'),
        ]
        broadcaster = bulk.broadcaster(gateway, in_a_row=99)
        for _ in range(3):
            await broadcaster.turn()
            bulk.clock.now += timedelta(minutes=1)
        assert len(server.ids) == 11
        assert len(set(server.ids)) == 6
        assert {posted.body["kind"] for posted in server.posted} == {"broadcast"}
    found = await rows(bulk.api.engine, "select recipient, state from message where kind = 'broadcast'")
    assert sorted((str(row.recipient), row.state) for row in found) == sorted(
        (person, "sent") for person in people
    )


async def test_a_campaign_with_a_high_pace_does_not_hold_up_another(bulk: Bulk) -> None:
    second = await another_campaign(bulk, FAST)
    await bulk.enrol(*range(12))
    await bulk.enrol(*range(100, 112), bearer=token(campaign="second"))
    await bulk.approved()
    await bulk.approved(bearer=second)
    await bulk.prepare()
    broadcaster = bulk.broadcaster(at_once=8)
    for turn in range(1, 4):
        assert await broadcaster.turn() == 8
        assert len([phone for phone in bulk.mailbag.phones if phone < "+919800000100"]) == 4 * turn
        bulk.clock.now += timedelta(seconds=1)


async def test_what_a_slow_campaign_leaves_over_goes_to_the_others(bulk: Bulk) -> None:
    second = await another_campaign(bulk, {"a_minute": 60})
    await bulk.enrol(*range(40))
    await bulk.enrol(*range(100, 112), bearer=token(campaign="second"))
    await bulk.approved()
    await bulk.approved(bearer=second)
    await bulk.prepare()
    broadcaster = bulk.broadcaster(at_once=8)
    assert await broadcaster.turn() == 8
    assert len([phone for phone in bulk.mailbag.phones if phone >= "+919800000100"]) == 1
    # What one does not use whose messages are all put off goes to those after it.
    await bulk.change(
        "update message set next_at = next_at + interval '1 day' from mitra"
        " where mitra.id = message.recipient and mitra.campaign = 'second' and message.state = 'waiting'"
    )
    bulk.clock.now += timedelta(minutes=1)
    assert {await broadcaster.turn(), await broadcaster.turn()} == {6, 8}


async def test_an_outage_of_days_gives_up_no_message_and_the_week_of_the_broadcast_ends_it(
    bulk: Bulk,
) -> None:
    await bulk.enrol(*range(42))
    broadcast = await bulk.approved()
    await bulk.prepare()

    class Down:
        """A gateway that takes nothing."""

        async def send(self, _message: OutgoingMessage) -> GatewayReceipt:
            raise GatewayFailed("status 503")

    broadcaster = bulk.broadcaster(Down())
    for _ in range(3 * 48):
        bulk.clock.now += timedelta(minutes=30)
        await broadcaster.turn()
    assert await bulk.outcomes() == {("waiting", "status 503"): 42}
    bulk.clock.now = at(12) + timedelta(days=3)
    recovered = bulk.broadcaster(at_once=2)
    assert await recovered.turn() == 2
    bulk.clock.now += timedelta(days=5)
    await bulk.prepare()
    assert await bulk.outcomes() == {("sent", None): 2, ("dropped", "expired"): 40}
    told = await bulk.told(broadcast)
    # Figures are moved by a few.
    assert (told["state"], 20 <= told["figures"]["dropped"]["expired"] <= 60) == ("done", True)


async def test_the_sender_sees_how_many_messages_the_gateway_did_not_take(bulk: Bulk) -> None:
    await bulk.enrol(*range(60))
    broadcast = await bulk.approved()
    await bulk.prepare()

    class Picky:
        """A gateway with a fault at some numbers, and no way to some others."""

        async def send(self, message: OutgoingMessage) -> GatewayReceipt:
            number = int(message.phone[-2:])
            if number < 15:
                raise GatewayFailed("status 500")
            if number < 30:
                raise MessageRefused("status 422")
            return GatewayReceipt(None)

    broadcaster = bulk.broadcaster(Picky(), attempts=3, in_a_row=99)
    for _ in range(20):
        bulk.clock.now += timedelta(minutes=10)
        await broadcaster.turn()
    await bulk.prepare()
    assert await bulk.outcomes() == {
        ("sent", None): 30,
        ("failed", "given up: status 500"): 15,
        ("failed", "refused: status 422"): 15,
    }
    told = await bulk.told(broadcast)
    assert told["state"] == "done"
    assert all(10 <= told["figures"][name] <= 50 for name in ("sent", "failed"))
