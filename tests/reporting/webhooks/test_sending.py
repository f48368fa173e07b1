"""The sender and receivers over a real database: everything arrives, signed, once more rather than never."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, all_partitions
from mitra_shared.log import unit_of_work
from reporting.commands.rotate_webhook_secret import RotateWebhookSecret, rotate_webhook_secret
from reporting.domain.webhooks import EventType, MessageId
from reporting.storage.version import begin_whole
from reporting.storage.webhooks import pause, request_test, resume
from tests.reporting.field import Field
from tests.reporting.reporting_api import WEBHOOK_RING, ReportingApi, counted
from tests.reporting.webhooks.receiver import Receiver, answer
from tests.reporting.webhooks.sending import NATION, SEATS, SMALL, Sending


async def test_a_receiver_is_told_all_areas_and_then_those_that_changed_as_the_live_feed_shows_them(
    sending: Sending, receiver: Receiver, field: Field, api: ReportingApi
) -> None:
    _, secret = await sending.subscribe(receiver.url, **SEATS)
    await sending.rest()
    first = receiver.received.pop()
    assert not receiver.received
    assert first.verified_by(secret)["type"] == "rollups.snapshot"
    assert set(first.areas) == {"S11-PC04", "S11-PC06"}
    assert (first.message["data"]["begins"], first.message["data"]["more"]) == (True, False)
    await field.apply([field.enrolled("S11-AC017"), field.enrolled("S24-AC036"), field.enrolled("S11-AC018")])
    await sending.rest()
    [change] = receiver.received
    assert change.verified_by(secret)["type"] == "rollups.changed"
    await api.caught_up()
    async with api.events("?level=constituency&parent=S11") as events:
        shown = (await counted(events)).areas
    assert change.areas == {"S11-PC04": shown["S11-PC04"]}
    assert change.areas["S11-PC04"]["enrolled"] == 2
    assert change.message["data"].keys() == {"campaign", "version", "as_of", "areas", "more"}


async def test_what_changes_between_two_messages_is_told_once_with_its_newest_counts(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    await sending.subscribe(receiver.url, **NATION)
    await sending.turn()
    for _ in range(30):
        await field.apply([field.enrolled("S11-AC017")])
        await sending.turn()
    assert len(receiver.received) == 1, "not more than one message a second"
    sending.later(1)
    await sending.turn()
    assert [message.areas["IN"]["enrolled"] for message in receiver.received] == [0, 30]


async def test_many_areas_come_in_several_messages(sending: Sending, receiver: Receiver) -> None:
    await sending.subscribe(receiver.url, events=(EventType.CHANGED,))
    sending.sender = sending.new_sender(most_areas=5)
    await sending.rest()
    told = [message.message["data"] for message in receiver.received]
    assert [(each["begins"], each["more"], len(each["areas"])) for each in told] == [
        (True, True, 5),
        (False, True, 5),
        (False, False, 4),
    ]
    assert len({area for message in receiver.received for area in message.areas}) == 14


async def test_replay_tells_again_what_changed_since_a_version(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **SEATS)
    await sending.rest()
    await field.apply([field.enrolled("S11-AC017")])
    await sending.rest()
    between = receiver.received[-1].message["data"]["version"]
    await field.apply([field.enrolled("S11-AC033")])
    await sending.rest()
    receiver.received.clear()
    await sending.replay(webhook, between)
    await sending.rest()
    [again] = receiver.received
    assert (again.type, set(again.areas)) == ("rollups.changed", {"S11-PC06"})
    await sending.replay(webhook, None)
    await sending.rest()
    assert (receiver.received[-1].type, len(receiver.received[-1].areas)) == ("rollups.snapshot", 2)
    await sending.replay(webhook, 2**50)
    await sending.rest()
    assert len(receiver.received) == 2, "a replay never goes forward"


async def test_a_replay_while_a_message_fails_loses_nothing(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    receiver.usual = answer(500)
    await sending.turn()
    await field.apply([field.enrolled("S11-AC017")])
    await sending.replay(webhook, 2**50)
    receiver.usual = answer(204)
    await sending.rest()
    assert receiver.received[-1].type == "rollups.snapshot"
    assert receiver.received[-1].areas["IN"]["enrolled"] == 1
    assert receiver.received[-1].id != receiver.received[0].id


async def test_after_a_rotation_the_old_secret_signs_too_for_a_day(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, old = await sending.subscribe(receiver.url, **NATION)
    async with unit_of_work(sending.engine) as unit:
        new, until = await rotate_webhook_secret(
            RotateWebhookSecret(webhook, sending.now), unit.connection, WEBHOOK_RING
        )
    assert until == sending.now + timedelta(days=1)
    await sending.turn()
    for secret in (old, new):
        receiver.received[0].verified_by(secret)
    sending.later(days=1)
    await sending.replay(webhook, None)
    await sending.turn()
    signatures = [message.headers["webhook-signature"].count("v1,") for message in receiver.received]
    assert signatures == [2, 1]


async def test_nothing_is_sent_while_paused_but_a_test(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    webhook, secret = await sending.subscribe(receiver.url, **NATION)
    async with unit_of_work(sending.engine) as unit:
        await pause(unit.connection, webhook)
    await field.apply([field.enrolled("S11-AC017")])
    assert await sending.turn() == 0
    async with unit_of_work(sending.engine) as unit:
        asked = [await request_test(unit.connection, webhook, MessageId(f"msg_{n}")) for n in range(2)]
    assert asked == ["msg_0", "msg_0"], "one at a time"
    await sending.rest()
    [test] = receiver.received
    assert (test.id, test.verified_by(secret)["type"]) == ("msg_0", "webhook.test")
    assert (await sending.attempts(webhook))[0].message_id == "msg_0"
    async with unit_of_work(sending.engine) as unit:
        await resume(unit.connection, webhook, sending.now)
    await sending.rest()
    assert receiver.received[-1].areas["IN"]["enrolled"] == 1


async def test_a_test_that_fails_is_not_repeated_and_counts_for_nothing(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, _ = await sending.subscribe(receiver.url)
    async with unit_of_work(sending.engine) as unit:
        await pause(unit.connection, webhook)
        await request_test(unit.connection, webhook, MessageId("msg_0"))
    receiver.usual = answer(410)
    await sending.rest()
    assert len(receiver.received) == 1
    assert (await sending.webhook(webhook)).standing.disabled_at is None


async def test_a_release_of_opinions_is_told_by_number_without_an_answer(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, events=(EventType.RELEASED,))
    assert await sending.turn() == 0
    release = "insert into opinion_release values ('small', 'round-1', :number, now(), false)"
    for number in (1, 2):
        await sending.run(release, number=number)
    await sending.rest()
    [told] = receiver.received
    assert told.type == "opinions.released"
    data: dict[str, Any] = told.message["data"]
    assert (data["round"], data["number"], data["closing"]) == ("round-1", 2, False)
    assert data.keys() == {"campaign", "round", "number", "made_at", "closing"}
    await sending.run(release, number=3)
    await sending.rest()
    assert receiver.received[-1].message["data"]["number"] == 3
    made_at = int(sending.now.timestamp() * 1000)
    await sending.replay(webhook, made_at + 60_000)
    assert await sending.turn() == 0
    await sending.replay(webhook, None)
    await sending.rest()
    assert [each.message["data"]["number"] for each in receiver.received] == [2, 3, 3]


async def test_a_database_that_may_have_been_put_back_is_told_as_a_snapshot(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    await field.apply([field.enrolled("S11-AC017")])
    await sending.rest()
    await sending.run("update rollup_version set incarnation = 'another'")
    async with unit_of_work(sending.engine) as unit:
        await begin_whole(unit.connection)
    await sending.rest()
    assert [message.type for message in receiver.received] == ["rollups.snapshot"] * 2
    await sending.run("update webhook set told_version = told_version + 100000000", id=webhook)
    await sending.rest()
    assert [message.type for message in receiver.received] == ["rollups.snapshot"] * 3


async def test_counting_again_from_the_logs_forgets_no_endpoint(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    webhook, secret = await sending.subscribe(receiver.url, **NATION)
    await sending.rest()
    before = await sending.webhook(webhook)
    for topic in (ENROLMENT, OPINIONS, CERTIFICATES, CUSTODY):
        for partition in all_partitions():
            await field.forget(topic, partition)
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    await sending.rest()
    assert (await sending.webhook(webhook)).subscription == before.subscription
    assert receiver.received[-1].verified_by(secret)["data"]["areas"][0]["enrolled"] == 1


async def test_attempts_age_out_at_an_endpoint_that_nothing_is_sent_to_any_more(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, _ = await sending.subscribe(receiver.url)
    receiver.usual = answer(410)
    await sending.turn()
    assert (await sending.webhook(webhook)).standing.disabled_at is not None
    (attempt,) = await sending.attempts(webhook)
    sending.now = attempt.at + timedelta(days=30)
    assert await sending.turn() == 0
    assert len(await sending.attempts(webhook)) == 1
    sending.now += timedelta(hours=1)
    assert await sending.turn() == 0
    assert await sending.attempts(webhook) == []


async def test_attempts_are_bounded_and_age_out(sending: Sending, receiver: Receiver) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    await sending.run(
        "insert into webhook_attempt (webhook, message_id, message_type, at, milliseconds)"
        " select :id, 'msg_' || n, 'webhook.test', cast(:now as timestamptz) - interval '1 day', 1"
        " from generate_series(1, 150) as n",
        id=webhook,
        now=sending.now,
    )
    await sending.turn()
    async with sending.engine.connect() as connection:
        assert await connection.scalar(text("select count(*) from webhook_attempt")) == 100
    assert len(await sending.attempts(webhook)) == 50
    sending.later(days=40)
    await sending.replay(webhook, None)
    await sending.turn()
    assert len(await sending.attempts(webhook)) == 1


async def test_an_endpoint_deleted_while_a_message_is_under_way_leaves_nothing(
    sending: Sending, receiver: Receiver
) -> None:
    await sending.subscribe(receiver.url)
    await sending.sender.turn()
    await sending.run("delete from webhook where campaign = :campaign", campaign=SMALL)
    await sending.sender.settled()
    async with sending.engine.connect() as connection:
        for table in ("webhook", "webhook_secret", "webhook_attempt"):
            assert await connection.scalar(text(f"select count(*) from {table}")) == 0  # noqa: S608


async def test_secrets_are_sealed_and_open_for_their_endpoint_only(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, secret = await sending.subscribe(receiver.url, **NATION)
    other, _ = await sending.subscribe(receiver.url, **NATION)
    async with sending.engine.connect() as connection:
        kept = (await connection.execute(text("select sealed from webhook_secret"))).scalars().all()
    assert not [sealed for sealed in kept if secret.removeprefix("whsec_") in sealed]
    await sending.run(
        "update webhook_secret set sealed = (select sealed from webhook_secret where webhook = :one)"
        " where webhook = :other",
        one=webhook,
        other=other,
    )
    await sending.turn()
    assert len(receiver.received) == 1
    error = (await sending.attempts(other))[0].error
    assert error == "its secret cannot be opened here; rotate it"
