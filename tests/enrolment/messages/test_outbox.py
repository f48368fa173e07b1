"""Messages are noted with their reason, or not at all, and nothing of a person stands there."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.messages.kinds import FACTS, Message, MessageKind, UnfitFacts
from enrolment.messages.outbox import enqueue
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from tests.enrolment.intake_api import rows

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def notice(mitra: MitraId) -> Message:
    return Message(mitra, MessageKind.ERASURE_NOTICE, NOW, {"due_at": NOW.isoformat()})


async def test_messages_are_noted_with_what_is_their_reason(enrolment_engine: AsyncEngine) -> None:
    mitra = MitraId(uuid4())
    messages = [notice(mitra), Message(mitra, MessageKind.WITHDRAWN, NOW)]
    async with unit_of_work(enrolment_engine) as unit:
        await work_as(unit.connection, Work.OWN_DATA)
        await enqueue(unit.connection, messages)
        await enqueue(unit.connection, [])
    found = await rows(enrolment_engine, "select * from message order by kind")
    assert [(row.id, row.recipient, row.kind, row.facts, row.state, row.next_at) for row in found] == [
        (messages[0].id, mitra, "erasure_notice", {"due_at": NOW.isoformat()}, "waiting", NOW),
        (messages[1].id, mitra, "withdrawn", {}, "waiting", NOW),
    ]


async def test_a_transaction_that_fails_leaves_no_message(enrolment_engine: AsyncEngine) -> None:
    message = notice(MitraId(uuid4()))

    async def note_twice() -> None:
        async with unit_of_work(enrolment_engine) as unit:
            await work_as(unit.connection, Work.OWN_DATA)
            await enqueue(unit.connection, [message])
            await enqueue(unit.connection, [message])

    with pytest.raises(IntegrityError):
        await note_twice()
    assert await rows(enrolment_engine, "select 1 from message") == []


@pytest.mark.parametrize("kind", MessageKind)
def test_a_message_carries_exactly_the_facts_of_its_kind(kind: MessageKind) -> None:
    mitra, facts = MitraId(uuid4()), dict.fromkeys(FACTS[kind], "x")
    assert Message(mitra, kind, NOW, facts).facts == facts
    with pytest.raises(UnfitFacts, match="facts of a message"):
        Message(mitra, kind, NOW, facts | {"name": "आयशा बेगम"})
    if facts:
        with pytest.raises(UnfitFacts):
            Message(mitra, kind, NOW)
