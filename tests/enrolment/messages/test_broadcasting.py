"""Messages in bulk: to everybody who wants them once, never at night, never while frozen, never too many."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.forget_messages import forget_messages
from enrolment.commands.prepare_broadcasts import advance
from enrolment.domain.broadcasts import BroadcastId
from enrolment.messages.gateway import GatewayFailed, GatewayReceipt, MessageRefused, OutgoingMessage
from enrolment.messages.http import GatewayLimits, HttpGateway
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import ELSEWHERE, PEOPLE_URL, SEALS, count, load, rows, token
from tests.enrolment.messages.broadcasting import FAST, Bulk, at, bulk_on
from tests.enrolment.messages.gateway_server import answer, gateway_server, silence
from tests.factories import small_campaign

OTHERS = token("S24-PC07/in-charge", area="S24-PC07")


async def another_campaign(bulk: Bulk, messages: dict[str, int]) -> str:
    """Put one more campaign in force; returns a token of its headquarters."""
    await load(bulk.api.engine, small_campaign(id="second", messages=messages))
    async with bulk.api.engine.connect() as connection:
        await bulk.api.service.campaigns.refresh(connection)
    return token("headquarters-2", Role.HEADQUARTERS, None, "second")


@pytest_asyncio.fixture
async def bulk(campaign_engine: AsyncEngine) -> AsyncIterator[Bulk]:
    async with bulk_on(campaign_engine) as made:
        yield made


async def test_each_is_told_once_in_the_own_language_with_the_way_to_stop(bulk: Bulk) -> None:
    (english,) = await bulk.enrol(1, language="en")
    await bulk.enrol(2, language="hi")
    await bulk.enrol(3, language="ur", segment=ELSEWHERE, bearer=OTHERS)
    broadcast = await bulk.draft()
    await bulk.send_all()
    assert bulk.mailbag.taken == []
    await bulk.decide(broadcast, "approval")
    await bulk.prepare()
    assert (await bulk.told(broadcast))["state"] == "sending"
    bulk.clock.now += timedelta(seconds=1)
    await bulk.send_all()
    texts = {message.language: message.text for message in bulk.mailbag.in_bulk}
    assert len(bulk.mailbag.taken) == len(texts) == 3
    link = f"{PEOPLE_URL}/r/{SEALS.receipt(MitraId(UUID(english)))}"
    assert texts["en"] == f"Small Campaign: The help desk is open on Sunday. No more of these: {link}"
    assert "सहायता केंद्र रविवार को खुला है। ऐसे संदेश बंद करें" in texts["hi"]
    assert "The help desk is open on Sunday. ایسے پیغامات بند کریں" in texts["ur"]
    told = await bulk.told(broadcast)
    assert (told["state"], told["earliest"]) == ("done", None)
    looks = await rows(bulk.api.engine, "select 1 from access_record where purpose = 'message'")
    assert len(looks) == 3


async def test_who_is_not_of_the_audience_or_wants_none_gets_none(bulk: Bulk) -> None:
    here, withdrew, off, erased = await bulk.enrol(1, 2, 3, 4, language="en")
    await bulk.enrol(5, language="hi")
    await bulk.enrol(6, language="en", segment=ELSEWHERE, bearer=OTHERS)
    await bulk.api.post(f"/v1/mitras/{withdrew}/withdrawal")
    await bulk.api.post(f"/v1/mitras/{off}/messages-off")
    await bulk.change("update mitra set phone = null where id = :id", id=UUID(erased))
    await bulk.approved(area="S11-PC04", language="en")
    await bulk.enrol(7, language="en")
    await bulk.send_all()
    assert bulk.mailbag.phones == ["+919800000001"]
    # Another one would come too soon for the first of them, and for nobody else.
    await bulk.approved(area="S11")
    await bulk.send_all()
    assert bulk.mailbag.phones == ["+919800000001", "+919800000005", "+919800000007"]
    bulk.clock.now += timedelta(days=7, seconds=1)
    await bulk.approved(area="S11-AC019", language="en")
    await bulk.send_all()
    assert bulk.mailbag.phones.count("+919800000001") == 2
    assert here in {str(row.recipient) for row in await rows(bulk.api.engine, "select * from message")}


async def test_of_two_broadcasts_at_once_each_gets_one(bulk: Bulk) -> None:
    await bulk.enrol(*range(6))
    for area in ("IN", "S11-PC04"):
        await bulk.approved(area=area)
    await asyncio.gather(bulk.prepare(page=2), bulk.prepare(page=2))
    await bulk.send_all()
    assert len(bulk.mailbag.phones) == len(set(bulk.mailbag.phones)) == 6


async def test_who_withdraws_or_wants_no_more_before_it_goes_out_gets_none(bulk: Bulk) -> None:
    first, second, _ = await bulk.enrol(1, 2, 3)
    await bulk.approved()
    await bulk.prepare()
    await bulk.api.post(f"/v1/mitras/{first}/withdrawal")
    await bulk.api.post(f"/v1/mitras/{second}/messages-off")
    await bulk.send_all()
    assert bulk.mailbag.phones == ["+919800000003"]
    assert await bulk.outcomes() == {("sent", None): 1, ("dropped", "no longer wanted"): 2}
    (row,) = await rows(bulk.api.engine, "select outcome from broadcast")
    assert (row.outcome["sent"], row.outcome["no_longer_wanted"]) == (1, 2)
    looks = await rows(bulk.api.engine, "select subject from access_record where purpose = 'message'")
    assert len(looks) == 1


async def test_preparing_that_is_killed_again_and_again_misses_nobody_and_repeats_nobody(
    bulk: Bulk,
) -> None:
    people = await bulk.enrol(*range(23))
    broadcast = await bulk.approved()
    for number in range(30):
        step = asyncio.create_task(
            advance(
                bulk.api.engine,
                LoadedCampaigns(),
                BroadcastId(UUID(broadcast["id"])),
                bulk.clock(),
                page=2,
            )
        )
        await asyncio.sleep(number / 2_000)
        step.cancel()
        await asyncio.wait([step])
    await bulk.prepare(page=2)
    found = await rows(bulk.api.engine, "select recipient from message where kind = 'broadcast'")
    assert sorted(str(row.recipient) for row in found) == sorted(people)
    (row,) = await rows(bulk.api.engine, "select prepared, state from broadcast")
    assert (row.prepared, row.state) == (23, "sending")


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
        HttpGateway(server.url, "secret", GatewayLimits(connect=5.0, total=1.0, body=0.2)) as gateway,
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


async def test_what_a_dead_process_had_taken_is_sent_by_the_next_under_the_same_id(bulk: Bulk) -> None:
    await bulk.enrol(1)
    await bulk.approved()
    await bulk.prepare()
    ids = []

    class Dies:
        async def send(self, message: OutgoingMessage) -> GatewayReceipt:
            ids.append(message.id)
            raise asyncio.CancelledError

    await bulk.broadcaster(Dies()).turn()
    assert await bulk.broadcaster().turn() == 0
    bulk.clock.now += timedelta(seconds=61)
    assert await bulk.broadcaster().turn() == 1
    assert [message.id for message in bulk.mailbag.taken] == ids


async def test_a_cancelled_broadcast_goes_no_further(bulk: Bulk) -> None:
    await bulk.enrol(*range(5))
    broadcast = await bulk.approved()
    await bulk.prepare()
    broadcaster = bulk.broadcaster(at_once=2)
    await broadcaster.turn()
    assert (await bulk.decide(broadcast, "cancellation")).json()["state"] == "cancelled"
    bulk.clock.now += timedelta(seconds=1)
    assert await broadcaster.turn() == 0
    await bulk.prepare(page=2)
    assert await bulk.outcomes() == {("sent", None): 2, ("dropped", "cancelled"): 3}
    told = await bulk.told(broadcast)
    assert told["finished_at"] is not None
    assert (await bulk.decide(broadcast, "approval")).json()[
        "type"
    ] == "urn:mitra:problem:broadcast-not-ready"
    # Who got none is told of the next one.
    await bulk.approved()
    await bulk.send_all()
    assert len(bulk.mailbag.phones) == len(set(bulk.mailbag.phones)) == 5


async def test_what_could_not_go_in_a_week_is_dropped_and_forgotten_in_time(bulk: Bulk) -> None:
    await bulk.enrol(*range(3))
    broadcast = await bulk.approved()
    await bulk.prepare()
    bulk.clock.now += timedelta(days=8)
    assert await bulk.broadcaster().turn() == 0
    await bulk.prepare(page=2)
    assert await bulk.outcomes() == {("dropped", "expired"): 3}
    assert (await bulk.told(broadcast))["state"] == "done"
    await forget_messages(bulk.api.engine, bulk.clock() + timedelta(days=31))
    assert await bulk.outcomes() == {}
    assert await count(bulk.api.engine, "broadcast") == 1
    await forget_messages(bulk.api.engine, bulk.clock() + timedelta(days=367))
    assert await count(bulk.api.engine, "broadcast") == 0


async def test_whom_one_reached_is_known_as_long_as_another_would_come_too_soon(bulk: Bulk) -> None:
    await bulk.define(messages=FAST | {"days_between": 60})
    await bulk.enrol(1)
    await bulk.approved()
    await bulk.send_all()
    bulk.clock.now += timedelta(days=40)
    await forget_messages(bulk.api.engine, bulk.clock())
    await bulk.approved()
    await bulk.send_all()
    assert len(bulk.mailbag.in_bulk) == 1


async def test_one_that_waits_for_its_time_is_not_prepared_before(bulk: Bulk) -> None:
    await bulk.enrol(1)
    later = bulk.clock() + timedelta(days=2)
    await bulk.approved(not_before=later.isoformat())
    await bulk.send_all()
    assert await bulk.outcomes() == {}
    bulk.clock.now = later
    await bulk.send_all()
    assert len(bulk.mailbag.in_bulk) == 1
