"""Messages in bulk: to everybody who wants them, once, whatever is killed."""

import asyncio
from datetime import timedelta
from uuid import UUID

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.forget_messages import forget_messages
from enrolment.commands.prepare_broadcasts import advance
from enrolment.domain.broadcasts import BroadcastId
from enrolment.messages.gateway import GatewayReceipt, OutgoingMessage
from mitra_shared.ids import MitraId
from tests.enrolment.intake_api import ELSEWHERE, PEOPLE_URL, SEALS, count, rows, token
from tests.enrolment.messages.broadcasting import FAST, Bulk

OTHERS = token("S24-PC07/in-charge", area="S24-PC07")


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
