"""Receivers that fail, are slow or gone: tried again under the same id, within bounds, beside all others."""

import asyncio
from datetime import timedelta

import pytest

from mitra_shared.log import unit_of_work
from reporting.storage.webhooks import resume
from tests.reporting.field import Field
from tests.reporting.webhooks.receiver import Receiver, answer, never, receiving
from tests.reporting.webhooks.sending import IMPATIENT, NATION, PATIENT, Sending


async def test_a_message_is_sent_again_under_the_same_id_until_it_is_taken(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    receiver.answers = [answer(500), answer(302), b"", never, answer(404)]
    pauses = []
    for limits in (PATIENT, PATIENT, PATIENT, IMPATIENT, PATIENT, PATIENT):
        assert await sending.turn(sending.new_sender(limits)) == 1
        before = sending.now
        assert await sending.turn() == 0
        sending.now = max(sending.now, (await sending.webhook(webhook)).standing.next_at)
        pauses.append((sending.now - before).total_seconds())
    assert all(2.5 * 2**n <= pause <= 5 * 2**n for n, pause in enumerate(pauses[:5])), pauses
    assert len(receiver.received) == 6
    assert len({(message.id, message.body) for message in receiver.received}) == 1
    assert len({message.headers["webhook-timestamp"] for message in receiver.received}) > 1
    found = await sending.webhook(webhook)
    assert (found.standing.failures, found.standing.failing_since, found.message_id) == (0, None, None)
    assert [(each.status, each.error) for each in await sending.attempts(webhook)] == [
        (204, None),
        (404, "answered 404"),
        (None, "no answer within 0.3 s"),
        (None, "the answer is no HTTP"),
        (302, "answered 302: redirects are not followed"),
        (500, "answered 500"),
    ]
    await sending.turn()


async def test_after_days_of_nothing_but_failure_an_endpoint_is_disabled_and_says_why(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    receiver.usual = answer(500)
    began = sending.now
    attempts = 0
    while (await sending.webhook(webhook)).standing.disabled_at is None:
        sending.now = max(sending.now, (await sending.webhook(webhook)).standing.next_at)
        attempts += await sending.turn()
        assert attempts < 60
    assert timedelta(days=5) <= sending.now - began <= timedelta(days=5, hours=6)
    why = (await sending.webhook(webhook)).standing.disabled_why
    assert why is not None
    assert why.startswith("nothing but failure since")
    assert why.endswith("at last: answered 500")
    sending.later(days=30)
    assert await sending.turn() == 0
    receiver.usual = answer(204)
    await field.apply([field.enrolled("S11-AC017")])
    async with unit_of_work(sending.engine) as unit:
        await resume(unit.connection, webhook, sending.now)
    await sending.rest()
    assert [message.areas["IN"]["enrolled"] for message in receiver.received[-2:]] == [0, 1]
    assert receiver.received[-2].id == receiver.received[0].id


async def test_one_success_in_between_and_patience_begins_anew(sending: Sending, receiver: Receiver) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    receiver.answers = [answer(500), answer(204)]
    await sending.turn()
    sending.later(days=4)
    await sending.turn()
    receiver.usual = answer(500)
    await sending.replay(webhook, None)
    sending.later(days=4)
    await sending.turn()
    assert (await sending.webhook(webhook)).standing.disabled_at is None


async def test_410_disables_at_once(sending: Sending, receiver: Receiver) -> None:
    webhook, _ = await sending.subscribe(receiver.url)
    receiver.usual = answer(410)
    await sending.turn()
    sending.later(days=1)
    assert await sending.turn() == 0
    why = (await sending.webhook(webhook)).standing.disabled_why
    assert why == "the receiver answered 410: it wants no more messages"


@pytest.mark.parametrize(
    ("status", "asked", "least", "most"),
    [
        (429, "600", 600, 600),
        (503, "600", 600, 600),
        (429, "0", 2.5, 5),
        (429, "999999", 21_600, 21_600),
        (500, "600", 2.5, 5),
    ],
)
async def test_retry_after_is_honoured_within_bounds(
    sending: Sending, receiver: Receiver, status: int, asked: str, least: float, most: float
) -> None:
    webhook, _ = await sending.subscribe(receiver.url)
    receiver.usual = answer(status, Retry_After=asked)
    await sending.turn()
    pause = ((await sending.webhook(webhook)).standing.next_at - sending.now).total_seconds()
    assert least <= pause <= most


async def test_a_slow_receiver_holds_up_no_other(sending: Sending, receiver: Receiver, field: Field) -> None:
    over = asyncio.Event()

    async def held_up(_writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with receiving() as slow:
        slow.usual = held_up
        await sending.subscribe(slow.url, **NATION)
        await sending.subscribe(receiver.url, **NATION)
        assert await sending.sender.turn() == 2
        for number in range(3):
            while len(receiver.received) <= number:  # noqa: ASYNC110 - it is not told
                await asyncio.sleep(0.01)
            await field.apply([field.enrolled("S11-AC017")])
            while not await sending.sender.turn():
                sending.later(1)
                sending.sender._reap()
        assert len(slow.received) == 1
        assert sending.sender.under_way == 2
        over.set()
        await sending.sender.settled()


async def test_no_more_deliveries_at_once_than_allowed(sending: Sending, receiver: Receiver) -> None:
    for _ in range(5):
        await sending.subscribe(receiver.url, **NATION)
    few = sending.new_sender(most_at_once=2)
    assert [await sending.turn(few) for _ in range(4)] == [2, 2, 1, 0]


async def test_two_senders_at_once_send_each_message_once(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    for _ in range(4):
        await sending.subscribe(receiver.url, **NATION)
    two = sending.new_sender(), sending.new_sender()
    for number in range(5):
        await field.apply([field.enrolled("S11-AC017")])
        await asyncio.gather(*(sending.turn(sender) for sender in two))
        assert len(receiver.received) == 4 * (number + 1)
        sending.later(1)
    assert len({message.id for message in receiver.received}) == 20


async def test_what_was_sent_and_not_noted_is_sent_again_under_the_same_id(
    sending: Sending, receiver: Receiver
) -> None:
    webhook, _ = await sending.subscribe(receiver.url, **NATION)
    sent, over = asyncio.Event(), asyncio.Event()

    async def taken(_writer: asyncio.StreamWriter) -> None:
        sent.set()
        await over.wait()

    receiver.answers = [taken]
    dying = sending.new_sender()
    await dying.turn()
    await sent.wait()
    assert await sending.turn() == 0, "the lease runs"
    sending.later(31)
    assert await sending.turn() == 1
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    told = (await sending.webhook(webhook)).told
    over.set()
    await dying.settled()
    assert (await sending.webhook(webhook)).told == told, "what ends after its lease counts for nothing"
    assert (await sending.webhook(webhook)).standing.failures == 0
