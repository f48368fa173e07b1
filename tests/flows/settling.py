"""Waiting until a stack has come to rest, and then for everything to agree."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from mitra_shared.ops.simulate.settling import settled
from tests.flows.logs import logs_of, rows
from tests.flows.real_stack import RealStack
from tests.flows.recount import assert_all_agree, assert_carried
from tests.flows.story import until

SETTLE_SECONDS = 120.0
ATTEMPTS = 40
Step = Callable[[], Coroutine[Any, Any, None]]


async def until_settled(stack: RealStack) -> None:
    """Wait until all are ready, ripe opinions are out, logs are read to their ends, streams are whole."""
    await stack.ready(within=SETTLE_SECONDS)
    await until(partial(_ripe, stack), lambda ripe: not ripe, within=SETTLE_SECONDS)
    await settled(stack.engines, within=SETTLE_SECONDS)
    await until(partial(_is_carried, stack), bool, within=SETTLE_SECONDS)


async def _ripe(stack: RealStack) -> list[Any]:
    return await rows(
        stack.engines["enrolment"],
        "select segment from opinion_pool group by campaign, round, segment having count(*) >= 10",
    )


async def _is_carried(stack: RealStack) -> bool:
    async with stack.redis_as("admin") as redis:
        try:
            for log in (await logs_of(stack)).values():
                await assert_carried(redis, log)
        except AssertionError:
            return False
    return True


async def come_to_agree(stack: RealStack) -> None:
    """Wait until everything follows from the logs; a replay has settled moments on its way."""
    await come_to_hold(partial(assert_all_agree, stack), each_time_after=partial(until_settled, stack))


async def come_to_hold(assertion: Step, *, each_time_after: Step | None = None) -> None:
    """Wait until an assertion holds which those who follow the databases make true in their own time."""
    for attempt in range(ATTEMPTS):
        if each_time_after is not None:
            await each_time_after()
        try:
            await assertion()
        except AssertionError:
            if attempt + 1 == ATTEMPTS:
                raise
            await asyncio.sleep(0.5)
        else:
            return
