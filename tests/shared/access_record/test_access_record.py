"""The access record grows at its end only, and whoever computes the chain anew sees any change."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.forgetting import forget_old_looks
from mitra_shared.access_record.record import KEPT, forget, looks_since, record
from mitra_shared.access_record.tables import CREATE_V1
from mitra_shared.process import ShutdownSignal

NOW = datetime(2026, 11, 28, 9, 30, 0, 123456, tzinfo=UTC)
SUBJECT = UUID("0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b")


def look(subject: UUID = SUBJECT, actor: str = "S11-PC04/in-charge") -> Look:
    return Look(actor, "in_charge", Purpose.CONTACT, subject, ("name", "phone"))


@pytest_asyncio.fixture
async def engine(blank_engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    async with blank_engine.begin() as connection:
        for statement in CREATE_V1:
            await connection.execute(text(statement))
    yield blank_engine


async def looked(engine: AsyncEngine, *looks: Look, at: datetime = NOW) -> None:
    async with engine.begin() as connection:
        await record(connection, looks, at)


async def entries(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(text("select * from access_record order by seq")))


async def test_each_entry_is_chained_to_the_one_before(engine: AsyncEngine) -> None:
    await looked(engine, look(), look(uuid4()))
    await looked(engine, look())
    first, second, third = await entries(engine)
    assert [entry.seq for entry in (first, second, third)] == [1, 2, 3]
    said = [
        1, "2026-11-28T09:30:00.123456+00:00", "S11-PC04/in-charge", "in_charge", "contact",
        str(SUBJECT), ["name", "phone"],
    ]  # fmt: skip
    written = json.dumps(said, separators=(",", ":")).encode()
    assert first.digest == hashlib.sha256(bytes(32) + written).digest()
    assert third.digest not in {first.digest, second.digest}


async def test_looks_of_many_at_once_stand_one_after_the_other(engine: AsyncEngine) -> None:
    await asyncio.gather(*(looked(engine, look(actor=f"staff-{number}")) for number in range(20)))
    assert [entry.seq for entry in await entries(engine)] == list(range(1, 21))


@pytest.mark.parametrize(
    "change",
    [
        "update access_record set actor = 'somebody else' where seq = 1",
        "delete from access_record where seq = 2",
        "truncate access_record",
    ],
)
async def test_nothing_that_was_written_is_changed_or_deleted(engine: AsyncEngine, change: str) -> None:
    await looked(engine, look(), look())
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(change))
    assert len(await entries(engine)) == 2


async def test_a_look_that_was_rolled_back_leaves_no_gap(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.begin()
        await record(connection, [look()], NOW)
        await connection.rollback()
    await looked(engine, look())
    assert [entry.seq for entry in await entries(engine)] == [1]


async def test_entries_leave_after_a_year_and_the_rest_is_still_chained(engine: AsyncEngine) -> None:
    await looked(engine, look(), look(), at=NOW - KEPT - timedelta(hours=1))
    await looked(engine, look(), at=NOW - KEPT + timedelta(hours=1))
    before = await entries(engine)
    async with engine.begin() as connection:
        assert await forget(connection, NOW, at_most=1) == 1
        assert await forget(connection, NOW, at_most=100) == 1
        assert await forget(connection, NOW, at_most=100) == 0
        head = (await connection.execute(text("select * from access_record_head"))).one()
    assert [entry.seq for entry in await entries(engine)] == [3]
    assert (head.floor_seq, head.floor_digest) == (2, before[1].digest)
    assert (head.seq, head.digest) == (3, before[2].digest)


async def test_old_looks_leave_by_themselves(engine: AsyncEngine) -> None:
    await looked(engine, look(), look(), at=datetime.now(UTC) - KEPT - timedelta(hours=1))
    await looked(engine, look(), at=datetime.now(UTC))
    shutdown = ShutdownSignal()
    running = asyncio.create_task(forget_old_looks(engine, shutdown))
    async with asyncio.timeout(60):
        while len(await entries(engine)) > 1:  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.02)
    shutdown.request("the test is over")
    await running


async def test_people_who_were_looked_at_are_counted_once_each(engine: AsyncEngine) -> None:
    await looked(engine, look(uuid4()), at=NOW - timedelta(days=1))
    await looked(engine, look(), look(), look(uuid4()), look(actor="another"))
    async with engine.connect() as connection:
        assert await looks_since(connection, "S11-PC04/in-charge", NOW - timedelta(hours=1)) == 2
