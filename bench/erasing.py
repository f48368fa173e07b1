"""Erasing one person and 1,000 beside withdrawing as many, in a log of 20,000; then the streams."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told, ratio
from enrolment.commands.erase_mitras import erase_mitras
from enrolment.commands.withdraw_mitra import WithdrawMitra, withdraw_mitra
from enrolment.storage.row_security import Work, work_as
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.database import create_engine
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.ops.stack import Stack
from mitra_shared.relay.append_only import rewrite_append_only_file
from mitra_shared.relay.relay import Relay
from mitra_shared.streams import connect

ROUNDS: Final = 3
ENROLLED: Final = 20_000
MANY: Final = 1_000
BATCH: Final = 500
CONNECTIONS: Final = 8

Person = tuple[UUID, str]
"""Id and campaign."""


async def measure(tell: Told) -> list[Figure]:
    """The figures of this part."""
    withdrawn_one = Figure("withdrawing one person", "ms")
    erased_one = Figure("erasing one person: rows, log, answers, ledger and event", "ms")
    withdrawn_many = Figure("withdrawing 1,000 people, one after the other", "s")
    erased_many = Figure("erasing 1,000 people who withdrew, 200 in a transaction", "s")
    rewritten = Figure("their streams written anew, 20,000 entries in 16 partitions", "s")
    file = Figure("Redis' append-only file rewritten", "s")
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        tell(f"enrolling {ENROLLED}")
        target = stacks.target(made)
        url = made.state().api_urls("enrolment")[0]
        requests = people.batch_requests(target, ENROLLED, 1, url, BATCH)
        await asyncio.to_thread(load, [url], requests, connections=CONNECTIONS)
        await _measure_on(
            made, (withdrawn_one, erased_one, withdrawn_many, erased_many, rewritten, file), tell
        )
    return [
        withdrawn_one,
        erased_one,
        ratio("erasing one over withdrawing one", erased_one, withdrawn_one),
        withdrawn_many,
        erased_many,
        ratio("erasing 1,000 over withdrawing 1,000", erased_many, withdrawn_many),
        rewritten,
        file,
    ]


async def _measure_on(made: Stack, figures: Sequence[Figure], tell: Told) -> None:
    withdrawn_one, erased_one, withdrawn_many, erased_many, rewritten, file = figures
    state = made.state()
    engine = create_engine(state.databases["enrolment"], application="bench")
    redis = connect(state.redis_urls["enrolment"])
    relay = Relay(engine, redis, ENROLMENT, rewrite_after=0)
    try:
        await _relay(relay)
        for number in range(ROUNDS):
            tell(f"erasing, round {number + 1}")
            waiting = await _people(engine, MANY + 1)
            for some, withdrawn, erased, unit in (
                (waiting[:1], withdrawn_one, erased_one, 1_000),
                (waiting[1:], withdrawn_many, erased_many, 1),
            ):
                withdrawn.values.append(unit * await _withdraw(engine, some))
                await _make_due(engine)
                erased.values.append(unit * await _erase(engine))
            began = time.perf_counter()
            await _relay(relay)
            rewritten.values.append(time.perf_counter() - began)
            began = time.perf_counter()
            await rewrite_append_only_file(redis)
            file.values.append(time.perf_counter() - began)
    finally:
        await redis.aclose()
        await engine.dispose()


async def _relay(relay: Relay) -> None:
    while await relay.relay_once():
        pass


async def _people(engine: AsyncEngine, number: int) -> list[Person]:
    async with engine.connect() as connection:
        await work_as(connection, Work.UPKEEP)
        rows = await connection.execute(
            text(
                "select id, campaign from mitra where withdrawn_at is null"
                " order by hashtext(cast(id as text)) limit :number"
            ),
            {"number": number},
        )
        return [tuple(row) for row in rows]


async def _withdraw(engine: AsyncEngine, some: Sequence[Person]) -> float:
    began = time.perf_counter()
    for mitra, campaign in some:
        command = WithdrawMitra(MitraId(mitra), CampaignId(campaign), Work.OWN_DATA, datetime.now(UTC))
        await withdraw_mitra(command, engine)
    return time.perf_counter() - began


async def _make_due(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(
            text(
                "update mitra set erase_at = now(), erasure_noticed_at = now() - interval '48 hours'"
                " where withdrawn_at is not null and erased_at is null"
            )
        )


async def _erase(engine: AsyncEngine) -> float:
    began = time.perf_counter()
    while await erase_mitras(engine, datetime.now(UTC)):
        pass
    return time.perf_counter() - began
